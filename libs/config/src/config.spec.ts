import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ConfigError, describeConfig, loadConfig, RestConfig } from './index.js'

const good = {
  WEIR_INTERNAL_SECRET: 'i'.repeat(40),
  WEIR_DATABASE_URL: 'postgres://localhost/weir',
  WEIR_MASTER_KEY: 'm'.repeat(40),
}

describe('loadConfig', () => {
  it('reads variables, keeps defaults and inherits settings', () => {
    const config = loadConfig(RestConfig, { ...good, WEIR_HTTP_PORT: '81', WEIR_KAFKA_BROKERS: 'a:1, b:2' })
    expect(config).toMatchObject({ httpPort: 81, host: '127.0.0.1', kafkaBrokers: ['a:1', 'b:2'] })
  })

  it('reads what a class inherits that adds no setting of its own', () => {
    class Plain extends RestConfig {}
    expect(loadConfig(Plain, good)).toMatchObject({ masterKey: good.WEIR_MASTER_KEY })
    expect(describeConfig(loadConfig(Plain, good))).toHaveProperty('WEIR_MASTER_KEY', '(hidden)')
  })

  it('names every mistake by its variable, at once', () => {
    const load = () => loadConfig(RestConfig, { WEIR_HTTP_PORT: 'x', WEIR_MASTER_KEY: 'short-secret' })
    expect(load).toThrow(ConfigError)
    expect(load).toThrow(/WEIR_HTTP_PORT[^]*WEIR_MASTER_KEY/)
    expect(load).toThrow(/WEIR_DATABASE_URL is not set/)
  })

  it('threat 18: refuses to start when a secret is unset, empty, a default or too short', () => {
    const secrets = ['WEIR_MASTER_KEY', 'WEIR_INTERNAL_SECRET']
    for (const variable of secrets) {
      for (const value of [undefined, '', 'changeme', 'secret', 'x'.repeat(31)]) {
        expect(() => loadConfig(RestConfig, { ...good, [variable]: value })).toThrow(variable)
      }
    }
    expect(() => loadConfig(RestConfig, {})).toThrow(
      /MASTER_KEY is not set[^]*INTERNAL_SECRET is not set|INTERNAL_SECRET is not set[^]*MASTER_KEY is not set/,
    )
  })

  it('threat 18: refuses to start in production with secrets that others can guess, and names each', () => {
    const load = () => loadConfig(RestConfig, { ...good, NODE_ENV: 'production' })
    expect(load).toThrow(/WEIR_INTERNAL_SECRET may not be used[^]*WEIR_MASTER_KEY may not be used/)
    expect(() => loadConfig(RestConfig, { ...good, NODE_ENV: 'test' })).not.toThrow()
    const random = {
      WEIR_INTERNAL_SECRET: randomBytes(32).toString('base64url'),
      WEIR_DATABASE_URL: `postgres://weir:${randomBytes(16).toString('hex')}@db/weir`,
      WEIR_MASTER_KEY: `mk_${randomBytes(32).toString('base64url')}`,
      NODE_ENV: 'production',
    }
    expect(() => loadConfig(RestConfig, random)).not.toThrow()
    const weak = { ...random, WEIR_DATABASE_URL: 'postgres://weir:weir@db/weir' }
    expect(() => loadConfig(RestConfig, weak)).toThrow('WEIR_DATABASE_URL may not be used in production')
  })

  it('shows no secret, neither in mistakes nor in the description', () => {
    expect(() => loadConfig(RestConfig, { ...good, WEIR_MASTER_KEY: 'short-secret' })).not.toThrow(
      'short-secret',
    )
    expect(JSON.stringify(describeConfig(loadConfig(RestConfig, good)))).not.toContain('mmmm')
  })
})
