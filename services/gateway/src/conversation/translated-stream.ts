import { estimateTokens, type Usage } from '../inference/usage.js'
import type { StreamReader, StreamTap, StreamWriter } from './dialect.js'
import type { ReplyEvent } from './reply.js'

/**
 * What a stream used that told its input at its start, and so far has not told its output: Anthropic's
 * says there the one or two tokens that it had by then, and its provider charges for all that followed.
 */
export function untoldOutput(started: Usage, estimatedOutputTokens: number): Usage {
  const outputTokens = Math.max(started.outputTokens, estimatedOutputTokens)
  return { ...started, source: 'estimated', outputTokens }
}

/** Far more than an answer takes in any dialect: writers keep parts of it until its end. */
const maxReceivedBytes = 128 * 1024 * 1024

/** A stream that reaches the caller in another dialect than the provider's. */
export class TranslatedStream implements StreamTap {
  done = false
  failed = false
  ending = ''
  private generatedBytes = 0
  private receivedBytes = 0
  private started: Usage | undefined
  private reported: Usage | undefined

  constructor(
    private readonly reader: StreamReader,
    private readonly writer: StreamWriter,
  ) {}

  get isCut(): boolean {
    return !this.done && !this.failed
  }

  get usage(): Usage | undefined {
    return this.reported ?? (this.started && untoldOutput(this.started, this.estimateOutputTokens()))
  }

  get nextSequence(): number | undefined {
    return this.writer.nextSequence
  }

  push(chunk: Buffer): Buffer | undefined {
    this.receivedBytes += chunk.length
    if (this.receivedBytes > maxReceivedBytes) throw new Error('its stream is longer than 128 MiB.')
    let shown = ''
    for (const event of this.reader.push(chunk)) shown += this.take(event)
    return shown === '' ? undefined : Buffer.from(shown)
  }

  estimateOutputTokens(): number {
    return estimateTokens(this.generatedBytes)
  }

  private take(event: ReplyEvent): string {
    // What comes after its end is not part of an answer.
    if (this.done || this.failed) return ''
    switch (event.type) {
      case 'start':
        this.started = event.usage
        break
      case 'usage':
        this.reported = event.usage
        break
      case 'text':
        this.generatedBytes += Buffer.byteLength(event.text)
        break
      case 'arguments':
        this.generatedBytes += Buffer.byteLength(event.json)
        break
      case 'error':
        this.failed = true
        break
      case 'end':
        this.done = true
        this.ending = this.writer.write(event)
        return ''
      default:
    }
    return this.writer.write(event)
  }
}
