import { estimateTokens, type Usage } from '../inference/usage.js'
import type { StreamReader, StreamTap, StreamWriter } from './dialect.js'
import type { ReplyEvent } from './reply.js'

/** A stream that reaches the caller in another dialect than the provider's. */
export class TranslatedStream implements StreamTap {
  usage: Usage | undefined
  done = false
  failed = false
  chunks = 0
  ending = ''
  private generatedBytes = 0

  constructor(
    private readonly reader: StreamReader,
    private readonly writer: StreamWriter,
  ) {}

  get isCut(): boolean {
    return !this.done && !this.failed
  }

  push(chunk: Buffer): Buffer | undefined {
    this.chunks++
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
      case 'usage':
        this.usage = event.usage ?? this.usage
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
