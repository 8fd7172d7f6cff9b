import { Injectable } from '@nestjs/common'
import { AppError } from '@weir/errors'
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose'
import * as openid from 'openid-client'
import type { OidcSettings } from './oidc-settings.js'

/** Signatures with a public key only: `none`, and secrets that both sides share, are no proof of an issuer. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
const clockSkewS = 30
const rediscoverMs = 3_600_000

/** What a sign-in needs from its beginning until its end. */
export interface OidcCheck {
  state: string
  nonce: string
  codeVerifier: string
}

export type Claims = Record<string, unknown> & { sub: string }

interface Discovered {
  configuration: openid.Configuration
  keys: JWTVerifyGetKey
  atMs: number
}

/** The OpenID provider: found by discovery, its keys cached and fetched anew when it signs with one that is not known. */
@Injectable()
export class OidcProvider {
  private discovered: Promise<Discovered> | undefined

  /** `cooldownMs`: how long a key that is not known is not asked for again. */
  constructor(
    readonly settings: OidcSettings | undefined,
    private readonly options: { cooldownMs: number } = { cooldownMs: 10_000 },
  ) {}

  /** Where to send somebody who wants to sign in, and what to keep meanwhile. */
  async begin(): Promise<OidcCheck & { url: string }> {
    const { settings } = this
    if (!settings) throw notConfigured()
    const { configuration } = await this.discover(settings)
    const [state, nonce] = [openid.randomState(), openid.randomNonce()]
    const codeVerifier = openid.randomPKCECodeVerifier()
    const url = openid.buildAuthorizationUrl(configuration, {
      redirect_uri: settings.redirectUrl,
      scope: 'openid email profile',
      code_challenge: await openid.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    })
    return { url: url.href, state, nonce, codeVerifier }
  }

  /** Who has come back: the claims of the id token, with those of userinfo. Throws invalid_credentials. */
  async finish(query: string, { state, nonce, codeVerifier }: OidcCheck): Promise<Claims> {
    const { settings } = this
    if (!settings) throw notConfigured()
    const { configuration } = await this.discover(settings)
    try {
      const tokens = await openid.authorizationCodeGrant(
        configuration,
        new URL(`${settings.redirectUrl}?${query}`),
        { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier, idTokenExpected: true },
      )
      const claims = tokens.claims()
      if (!claims) throw new Error('There is no id token.')
      const more = configuration.serverMetadata().userinfo_endpoint
        ? await openid.fetchUserInfo(configuration, tokens.access_token, claims.sub)
        : {}
      return { ...more, ...claims }
    } catch (cause) {
      throw AppError.of('invalid_credentials', {}, { cause, internal: 'The OpenID provider or its answer.' })
    }
  }

  /** The claims of a JWT of the issuer; undefined for one that is not good, or when there is no issuer. */
  async verify(token: string): Promise<JWTPayload | undefined> {
    const { settings } = this
    if (!settings) return undefined
    const { keys, configuration } = await this.discover(settings)
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: configuration.serverMetadata().issuer,
        audience: settings.audience,
        algorithms,
        clockTolerance: clockSkewS,
        requiredClaims: ['exp', 'sub'],
      })
      return payload
    } catch (error) {
      if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout)) return undefined
      throw unreachable(error)
    }
  }

  private async discover(settings: OidcSettings): Promise<Discovered> {
    const known = await this.discovered?.catch(() => undefined)
    if (known && Date.now() - known.atMs < rediscoverMs) return known
    this.discovered = discover(settings, this.options.cooldownMs)
    return this.discovered
  }
}

async function discover(
  { issuer, clientId, clientSecret, isInsecure }: OidcSettings,
  cooldownDuration: number,
): Promise<Discovered> {
  try {
    const configuration = await openid.discovery(issuer, clientId, clientSecret, undefined, {
      timeout: 5,
      ...(isInsecure && { execute: [openid.allowInsecureRequests] }),
    })
    const { jwks_uri: jwksUri } = configuration.serverMetadata()
    if (!jwksUri) throw new Error('The provider names no jwks_uri.')
    const keys = createRemoteJWKSet(new URL(jwksUri), { cacheMaxAge: 600_000, cooldownDuration })
    return { configuration, keys, atMs: Date.now() }
  } catch (error) {
    throw unreachable(error)
  }
}

function unreachable(cause: unknown): AppError {
  const reason =
    'The OpenID provider cannot be reached now. Try again in a few seconds, or use another credential.'
  return AppError.of('service_unavailable', { reason }, { retryAfterS: 5, cause })
}

function notConfigured(): AppError {
  const reason = 'There is no OpenID provider to sign in through: an administrator can set WEIR_OIDC_ISSUER.'
  return AppError.of('invalid_request', { reason })
}
