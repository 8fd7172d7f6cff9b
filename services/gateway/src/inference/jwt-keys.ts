import { counter, type Logger } from '@weir/observability'
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { IssuerKeysFile } from './issuer-keys-file.js'
import { isSafe } from './jwt-settings.js'

const timeoutMs = 5_000
const maxBytes = 1024 * 1024

const fetches = counter('weir_jwt_key_fetches_total', 'Fetches of the issuer’s keys.', ['result'])

/** The keys of an issuer, as they were last fetched. */
export interface IssuerKeySet {
  /** As the issuer writes itself in `iss`. */
  issuer: string
  find: JWTVerifyGetKey
  /** Another one for other keys. */
  text: string
}

/**
 * The keys that an issuer signs with. They are fetched at most once in `cooldownMs`, whatever tokens
 * come, and those that are known go on being used while the issuer is away, also after a restart.
 */
export class IssuerKeys {
  private known: IssuerKeySet | undefined
  private fetchedAtMs = 0
  private triedAtMs = 0
  private loading: Promise<void> | undefined
  private isFailing = false
  /** What was kept of an earlier run counts only when the issuer has been asked. */
  private hasAsked = false

  constructor(
    private readonly issuer: URL,
    private readonly logger: Logger,
    private readonly options: { cooldownMs: number; refreshMs: number } = {
      cooldownMs: 10_000,
      refreshMs: 600_000,
    },
    private readonly file?: IssuerKeysFile,
  ) {
    this.known = this.readKept()
  }

  /** What is known; fetched when nothing is. Undefined: nothing is, and the issuer cannot be reached. */
  async current(): Promise<IssuerKeySet | undefined> {
    if (!this.known || !this.hasAsked) await this.refresh()
    else if (Date.now() - this.fetchedAtMs >= this.options.refreshMs) void this.refresh()
    return this.known
  }

  /** Fetches the keys anew, unless that was done or tried a moment ago. Never rejects. */
  async refresh(): Promise<IssuerKeySet | undefined> {
    if (!this.loading && Date.now() - this.triedAtMs >= this.options.cooldownMs) {
      this.triedAtMs = Date.now()
      this.loading = this.load().finally(() => (this.loading = undefined))
    }
    await this.loading
    return this.known
  }

  private async load(): Promise<void> {
    try {
      const { issuer, jwksUri } = await this.discover()
      const { text, value } = await fetchJson(jwksUri)
      // Keys that did not change stay the same set: tokens that they have verified stay verified.
      if (this.known?.text !== text || this.known.issuer !== issuer) {
        this.known = toKeySet(issuer, text, value)
        this.keep(issuer, text)
      }
      this.fetchedAtMs = Date.now()
      this.isFailing = false
      fetches.inc({ result: 'fetched' })
    } catch (error) {
      fetches.inc({ result: 'failed' })
      if (!this.isFailing) {
        const then = this.known ? 'those that are known stay in use' : 'no JWT is taken until they can be'
        this.logger.warn({ err: error }, `The keys of the OpenID issuer cannot be fetched: ${then}.`)
      }
      this.isFailing = true
    }
    this.hasAsked = true
  }

  private readKept(): IssuerKeySet | undefined {
    try {
      const kept = this.file?.read(this.issuer.href)
      return kept && toKeySet(kept.issuer, kept.text, JSON.parse(kept.text))
    } catch (error) {
      const then = 'no JWT is taken until the issuer is reached'
      this.logger.warn({ err: error }, `The issuer’s keys that were kept cannot be read: ${then}.`)
      return undefined
    }
  }

  private keep(issuer: string, text: string): void {
    this.file?.write({ configured: this.issuer.href, issuer, text }).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'The issuer’s keys cannot be kept. Check the disk of WEIR_DATA_DIR.')
    })
  }

  private async discover(): Promise<{ issuer: string; jwksUri: URL }> {
    const base = this.issuer.href.replace(/\/$/, '')
    const { value } = await fetchJson(new URL(`${base}/.well-known/openid-configuration`))
    const { issuer, jwks_uri: uri } = value
    if (typeof issuer !== 'string' || new URL(issuer).href !== this.issuer.href)
      throw new Error(`It calls itself ${JSON.stringify(issuer)}, not ${this.issuer.href}.`)
    if (typeof uri !== 'string' || !isSafe(new URL(uri))) throw new Error('It names no https jwks_uri.')
    return { issuer, jwksUri: new URL(uri) }
  }
}

const toKeySet = (issuer: string, text: string, value: unknown): IssuerKeySet => ({
  ...{ issuer, find: createLocalJWKSet(value as JSONWebKeySet), text },
})

async function fetchJson(url: URL): Promise<{ text: string; value: Record<string, unknown> }> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
  if (!response.ok || !response.body) throw new Error(`${url.href} was answered with ${response.status}.`)
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += part.length
    if (bytes > maxBytes) throw new Error(`${url.href} gives more than ${maxBytes} bytes.`)
    parts.push(part)
  }
  const text = Buffer.concat(parts).toString()
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) throw new Error(`${url.href} gives no JSON object.`)
  return { text, value: value as Record<string, unknown> }
}
