import { AppError } from '@weir/errors'
import { counter, type Logger } from '@weir/observability'
import { toError } from '@weir/rights'
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import { hash } from 'node:crypto'
import type { IdentityState, KnownKey } from '../snapshot/identity-state.js'
import { IssuerKeys, type IssuerKeySet } from './jwt-keys.js'
import { toJwtRights } from './jwt-rights.js'
import { type JwtConfig, type JwtSettings, readJwtSettings } from './jwt-settings.js'

/** Signatures with a public key only: `none`, and secrets that both sides share, are no proof of an issuer. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
const clockSkewS = 30
const maxLength = 16_384
/** Of each of two generations: the older one is let go as a whole. */
const mostKept = 5_000

const pattern = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/

const verifications = counter('weir_jwt_verifications_total', 'JWTs that were looked at closely.', ['result'])

/** Whether what was sent for a key may be a JWT; no virtual key looks like one. */
export const isJwt = (value: string): boolean =>
  value.startsWith('eyJ') && value.length <= maxLength && pattern.test(value)

/** A token that was found to be good. */
interface VerifiedToken {
  payload: JWTPayload & { sub: string; exp: number }
  /** Those that it was verified with: it counts as long as they are in use. */
  keys: IssuerKeySet
  /** The same object for every request, as long as its rights stay the same. */
  rights: KnownKey | undefined
}

/**
 * Lets in requests with a JWT of the configured issuer. A token is verified once, and kept by its full
 * hash until it ends; its rights are found anew for each request, from what is known at that moment.
 */
export class JwtCallers {
  private readonly settings: JwtSettings | undefined
  private readonly keys: IssuerKeys | undefined
  private kept = new Map<string, VerifiedToken>()
  private keptBefore = new Map<string, VerifiedToken>()

  /** Throws ConfigError. `keys`: those of the configured issuer, for tests. */
  constructor(
    config: JwtConfig,
    private readonly state: () => IdentityState,
    logger: Logger,
    keys?: IssuerKeys,
  ) {
    this.settings = readJwtSettings(config)
    this.keys = keys ?? (this.settings && new IssuerKeys(this.settings.issuer, logger))
    void this.keys?.refresh()
  }

  /**
   * Whom a JWT lets in, as a virtual key would; undefined for one that is not good, or when there is no
   * issuer. Throws key_expired, endpoint_not_allowed (its claims give it no place here) and
   * service_unavailable (the issuer's keys were never known).
   */
  async find(value: string): Promise<KnownKey | undefined> {
    const { settings, keys } = this
    if (!settings || !keys) return undefined
    const id = hash('sha256', value, 'base64')
    const token = (await this.recall(id, keys)) ?? (await this.verify(value, id, settings, keys))
    return token && this.rightsOf(token, settings)
  }

  /**
   * Whether a token says of itself that it is for a workspace: whoever manages with one has no such claim.
   * Nothing is proved by that; it is checked wherever it is sent to.
   */
  namesPlace(value: string): boolean {
    if (!this.settings || !isJwt(value)) return false
    try {
      return this.settings.workspaceClaim in decodeJwt(value)
    } catch {
      return false
    }
  }

  private async recall(id: string, keys: IssuerKeys): Promise<VerifiedToken | undefined> {
    const token = this.kept.get(id) ?? this.keptBefore.get(id)
    if (!token) return undefined
    return token.keys === (await keys.current()) ? token : undefined
  }

  private async verify(
    value: string,
    id: string,
    settings: JwtSettings,
    keys: IssuerKeys,
  ): Promise<VerifiedToken | undefined> {
    const known = await keys.current()
    if (!known) throw unavailable()
    const found = await check(value, known, settings.audience)
    if (found !== 'unknown key') return this.keep(id, found, known)
    // The issuer may have begun to sign with another key.
    const now = await keys.refresh()
    const again = now && now !== known ? await check(value, now, settings.audience) : undefined
    return again === 'unknown key' ? undefined : this.keep(id, again, now ?? known)
  }

  private keep(
    id: string,
    payload: VerifiedToken['payload'] | undefined,
    keys: IssuerKeySet,
  ): VerifiedToken | undefined {
    verifications.inc({ result: payload ? 'good' : 'refused' })
    if (!payload) return undefined
    if (this.kept.size >= mostKept) {
      this.keptBefore = this.kept
      this.kept = new Map()
    }
    const token: VerifiedToken = { payload: this.toKept(payload), keys, rights: undefined }
    this.kept.set(id, token)
    return token
  }

  /** A token may say much; what nobody here asks for is not kept. */
  private toKept(payload: VerifiedToken['payload']): VerifiedToken['payload'] {
    const { sub, exp } = payload
    const kept: VerifiedToken['payload'] = { sub, exp }
    const { workspaceClaim, teamClaim, workloadClaim } = this.settings ?? {}
    for (const claim of [workspaceClaim, teamClaim, workloadClaim]) {
      if (claim !== undefined && Object.hasOwn(payload, claim)) kept[claim] = payload[claim]
    }
    return kept
  }

  private rightsOf(token: VerifiedToken, settings: JwtSettings): KnownKey {
    const untilMs = (token.payload.exp + clockSkewS) * 1000
    if (Date.now() >= untilMs) throw expired(token.payload)
    const found = toJwtRights(token.payload, settings, this.state())
    if ('code' in found) throw toError(found)
    const { rights } = found
    const { rights: before } = token
    if (before && isSame(before, rights)) return before
    token.rights = { ...rights, expiresAtMs: untilMs, usedIn: 0 }
    return token.rights
  }
}

const isSame = (before: KnownKey, now: Omit<KnownKey, 'usedIn'>): boolean =>
  before.workspace === now.workspace &&
  before.workload === now.workload &&
  before.team === now.team &&
  before.organization === now.organization

/** Throws key_expired for one that was good. */
async function check(
  value: string,
  { find, issuer }: IssuerKeySet,
  audience: string,
): Promise<VerifiedToken['payload'] | 'unknown key' | undefined> {
  try {
    const options = {
      issuer,
      audience,
      algorithms,
      clockTolerance: clockSkewS,
      requiredClaims: ['exp', 'sub'],
    }
    const { payload } = await jwtVerify(value, find, options)
    const { sub, exp } = payload
    if (typeof sub !== 'string' || sub === '' || exp === undefined) return undefined
    return { ...payload, sub, exp }
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return 'unknown key'
    if (error instanceof errors.JWTExpired) throw expired(error.payload)
    // Whatever else a token makes fail, it does not let anybody in.
    return undefined
  }
}

function expired({ exp = 0 }: JWTPayload): AppError {
  return AppError.of('key_expired', { expiresAt: new Date(exp * 1000).toISOString() })
}

function unavailable(): AppError {
  const reason =
    'The keys of the OpenID issuer, by which the token is checked, cannot be fetched now. Virtual keys work; try again in a few seconds.'
  return AppError.of('service_unavailable', { reason }, { retryAfterS: 5 })
}
