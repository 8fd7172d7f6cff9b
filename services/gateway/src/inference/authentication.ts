import type { InternalTrust } from '@weir/contracts'
import { AppError } from '@weir/errors'
import type { Logger } from '@weir/observability'
import { findKeyRefusal, toError } from '@weir/rights'
import { hashVirtualKey, isVirtualKey, Keyring, type Pepper, readPepper } from '@weir/secrets'
import type { IncomingMessage } from 'node:http'
import type { GatewayConfig } from '../config.js'
import type { KnownKey } from '../snapshot/identity-state.js'
import type { Snapshots } from '../snapshot/snapshots.js'
import type { EndpointScope } from './endpoint.js'
import { IssuerKeysFile } from './issuer-keys-file.js'
import { isJwt, JwtCallers } from './jwt.js'
import { IssuerKeys } from './jwt-keys.js'
import { readJwtSettings } from './jwt-settings.js'
import { SourceAddresses } from './source-address.js'

/** The step "authenticate": who calls, and whether from here, now, and this endpoint. */
export class Authentication {
  private readonly pepper: Pepper
  private readonly sources: SourceAddresses
  private readonly jwts: JwtCallers

  constructor(
    private readonly config: GatewayConfig & InternalTrust,
    private readonly snapshots: Snapshots,
    logger: Logger,
  ) {
    this.pepper = readPepper(config.keyPepper)
    this.sources = new SourceAddresses(config.trustedProxies)
    const settings = readJwtSettings(config)
    const keys = settings && new IssuerKeys(settings.issuer, logger, undefined, issuerKeysFile(config))
    this.jwts = new JwtCallers(config, () => snapshots.identity.state, logger, keys)
  }

  /** @throws AppError missing_api_key, invalid_api_key, …, service_unavailable */
  async findKey(request: IncomingMessage, endpoint: EndpointScope): Promise<KnownKey> {
    const missing = this.snapshots.missing(this.config.snapshotMaxAgeMs)
    if (missing) {
      const reason = `The gateway cannot tell who may call what: ${missing}. Try again in a few seconds.`
      throw AppError.of('service_unavailable', { reason }, { retryAfterS: 1 })
    }
    const value = sentKey(request)
    if (value === undefined) throw AppError.of('missing_api_key', {})
    const key = this.findKnown(value) ?? (await this.askFor(value))
    if (!key) throw AppError.of('invalid_api_key', {})
    const refused = findKeyRefusal(key, {
      endpoint,
      path: request.url ?? '',
      source: key.sources ? this.sources.of(request) : '',
      nowMs: Date.now(),
    })
    if (refused) throw toError(refused)
    this.snapshots.keyUses.note(key)
    return key
  }

  /** Whether what was sent for a key calls models, where the same path is also there for those who manage. */
  isForInference(request: IncomingMessage): boolean {
    const value = sentKey(request)
    if (value === undefined) return false
    // One that manages alone calls no model, whatever the path.
    if (value.startsWith('vk_')) return this.findKnown(value)?.type !== 'management'
    return this.jwts.namesPlace(value)
  }

  private findKnown(value: string): KnownKey | undefined {
    return this.snapshots.identity.state.findKey(hashVirtualKey(value, this.pepper))
  }

  /** A guess fails at its checksum, before anybody is asked. */
  private async askFor(value: string): Promise<KnownKey | undefined> {
    if (isJwt(value)) return this.jwts.find(value)
    return isVirtualKey(value) ? this.snapshots.keys.find(hashVirtualKey(value, this.pepper)) : undefined
  }
}

const issuerKeysFile = ({ dataDir, encryptionKeys }: GatewayConfig): IssuerKeysFile =>
  new IssuerKeysFile(dataDir, new Keyring(encryptionKeys))

/** The virtual key of a request: `Authorization: Bearer …`, else `x-api-key`. */
export function sentKey({ headers }: IncomingMessage): string | undefined {
  const { authorization } = headers
  if (authorization !== undefined && /^bearer /i.test(authorization)) return authorization.slice(7).trim()
  const apiKey = headers['x-api-key']
  return typeof apiKey === 'string' && apiKey !== '' ? apiKey : undefined
}
