/** One call to one upstream. */
export interface UpstreamRequest {
  /** The provider's API with its version prefix, e.g. https://host/v1. */
  baseUrl: string
  /** Below the base URL, e.g. /chat/completions. */
  path: string
  headers: Record<string, string>
  body: string | Buffer
  /** Left out: POST. */
  method?: 'GET' | 'POST'
  /** How long it may take up to the first byte of the answer, after its head; absent or 0: as the gateway is set. */
  firstByteTimeoutMs?: number
}

/** Why a call came to nothing, or broke off. */
export type UpstreamFailureKind = 'unreachable' | 'forbidden_address' | 'timeout' | 'broken'

/** A call that failed below HTTP. The message is for the caller: it names no address and no secret. */
export class UpstreamFailure extends Error {
  constructor(
    readonly kind: UpstreamFailureKind,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
    this.name = 'UpstreamFailure'
  }
}

/** Hears a call's answer: `onHead`, any number of `onData`, then `onEnd` or `onError`, which may also come first. */
export interface UpstreamHandler {
  onHead(status: number, headers: Record<string, string | string[] | undefined>): void
  onData(chunk: Buffer): void
  onEnd(): void
  onError(failure: UpstreamFailure): void
}

/** A call under way. */
export interface UpstreamCall {
  /** Stops it; nothing is heard of it after that. */
  abort(): void
  /** Backpressure: the upstream is read no further. */
  pause(): void
  resume(): void
}

/** Something that takes calls: a provider over HTTP, or the sandbox in this process. */
export interface Upstream {
  call(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall
}
