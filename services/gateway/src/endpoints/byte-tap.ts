import type { StreamTap } from '../conversation/dialect.js'
import type { Usage } from '../inference/usage.js'

/** Bytes that mean nothing to the gateway, on their way to the caller: sound. Their end is that of the connection. */
export class ByteTap implements StreamTap {
  readonly done = true
  readonly failed = false
  readonly isCut = false
  readonly ending = ''
  private bytes = 0

  /** @param usageOf what is owed for so many bytes */
  constructor(private readonly usageOf: (bytes: number) => Usage) {}

  get usage(): Usage {
    return this.usageOf(this.bytes)
  }

  push(chunk: Buffer): Buffer {
    this.bytes += chunk.length
    return chunk
  }

  estimateOutputTokens(): number {
    return 0
  }
}
