import { describe, expect, it } from 'vitest'
import { OidcSettings } from './oidc-settings.js'

const whole = {
  oidcIssuer: 'https://issuer.example',
  oidcClientId: 'weir',
  oidcClientSecret: 'of the client',
  oidcRedirectUrl: 'https://weir.example/v1/sessions/oidc/callback',
}

describe('settings of an OpenID provider', () => {
  it('are none, or whole', () => {
    expect(OidcSettings.from({})).toBeUndefined()
    expect(OidcSettings.from(whole)).toMatchObject({ audience: 'weir', groupsClaim: 'groups' })
  })

  it.each([
    ['oidcIssuer', 'WEIR_OIDC_ISSUER is not set'],
    ['oidcClientId', 'WEIR_OIDC_CLIENT_ID is not set'],
    ['oidcClientSecret', 'WEIR_OIDC_CLIENT_SECRET is not set'],
    ['oidcRedirectUrl', 'WEIR_OIDC_REDIRECT_URL is not set'],
  ])('without %s are a mistake', (left, message) => {
    expect(() => OidcSettings.from({ ...whole, [left]: undefined })).toThrow(message)
  })
})
