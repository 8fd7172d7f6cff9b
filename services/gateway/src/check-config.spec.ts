import { loadConfig } from '@weir/config'
import { describe, expect, it } from 'vitest'
import { checkConfig } from './check-config.js'
import { GatewayConfig } from './config.js'

const key = Buffer.alloc(32, 7).toString('base64')
const good = {
  WEIR_INTERNAL_SECRET: 'i'.repeat(40),
  WEIR_DATA_DIR: '/nowhere',
  WEIR_ENCRYPTION_KEYS: `1:${key}`,
  WEIR_KEY_PEPPER: key,
  WEIR_IDENTITY_GRPC: 'identity:1',
  WEIR_CATALOG_GRPC: 'catalog:1',
  WEIR_POLICY_GRPC: 'policy:1',
}
const check = (change: Record<string, string | undefined>) =>
  checkConfig(loadConfig(GatewayConfig, { ...good, ...change }))

describe('the gateway’s configuration', () => {
  it('is good as it is documented', () => {
    expect(() => check({})).not.toThrow()
    expect(() =>
      check({ WEIR_OIDC_ISSUER: 'https://issuer.example', WEIR_OIDC_CLIENT_ID: 'weir' }),
    ).not.toThrow()
  })

  it.each([
    [{ WEIR_OIDC_ISSUER: 'https://issuer.example' }, 'WEIR_OIDC_AUDIENCE is not set'],
    [{ WEIR_OIDC_ISSUER: 'http://issuer.example', WEIR_OIDC_AUDIENCE: 'weir' }, 'must be https'],
    [{ WEIR_ENCRYPTION_KEYS: 'short' }, 'encryption key'],
    [{ WEIR_TRUSTED_PROXIES: '10.0.0.0/99' }, '10.0.0.0/99'],
    [{ WEIR_UPSTREAM_ALLOW: 'everything' }, 'everything'],
  ])('with %j is a mistake', (change, message) => {
    expect(() => check(change)).toThrow(message)
  })

  it.each(['', 'c2hvcnQ=', 'changeme', 'x'.repeat(42), 'x'.repeat(45)])(
    'threat 18: does not start with the pepper %j',
    (pepper) => {
      expect(() => check({ WEIR_KEY_PEPPER: pepper })).toThrow('WEIR_KEY_PEPPER')
    },
  )

  it.each(['', '1:', `1:${key.slice(4)}`, 'changeme'])(
    'threat 18: does not start with the encryption keys %j',
    (keys) => {
      expect(() => check({ WEIR_ENCRYPTION_KEYS: keys })).toThrow(/WEIR_ENCRYPTION_KEYS|encryption key/)
    },
  )
})
