import { AppError } from '@weir/errors'
import type { Document } from '../conversation/dialect.js'
import { parseObject } from '../conversation/json.js'
import { type ServerSentEvent, sseEvent, SseReader } from '../conversation/sse.js'
import type { EndpointName } from '../inference/endpoint.js'
import type { Plugin, TextSlot, TextTransform } from './plugin.js'
import { type Delta, pieceLike, textsOfEvent } from './stream-deltas.js'
import { changeAnswerTexts, conversing } from './texts.js'

/** A plugin with what it has noted of the request. */
export interface PluginRun {
  readonly plugin: Plugin
  readonly state: unknown
}

interface Channel {
  transform: TextTransform
  delta: Delta
  /** The last event that had a piece of it. */
  event: Document
  name: string
  /** What went on of it, where somebody asks for it at the end. */
  text: string
}

/** An answer of more than this is not held back for a plugin. */
const maxHeldBytes = 64 * 1024 * 1024

/** Takes the answer of one request through its plugins, on its way to the caller. */
export class ReplyFilter {
  private readonly reader = new SseReader()
  private readonly channels = new Map<string, Channel>()
  private readonly held: (string | Buffer)[] = []
  private heldBytes = 0
  private readonly isHeld: boolean
  private isOpaque = false
  private failure: AppError | undefined
  private insertedCount = 0
  /** Of a stream that is held back: its texts. */
  private readonly texts: string[] = []

  constructor(
    private readonly about: { endpoint: EndpointName; deployment: string; requestId: string },
    private readonly runs: readonly PluginRun[],
  ) {
    this.isHeld = runs.some(({ plugin }) => 'response' in plugin)
  }

  /** The whole answer as the caller gets it. Rejects with the error that the caller gets instead. */
  async whole(body: Buffer | string): Promise<Buffer | string> {
    const document = parseObject(body.toString())
    if (!document) {
      // Subtitles, or a transcript alone.
      await this.ask(undefined, [body.toString()])
      return body
    }
    const texts: string[] = []
    this.changeTexts(document, (text, { kind }) => kind === 'text' && texts.push(text))
    this.changeChunk(document)
    await this.ask(document, texts)
    return JSON.stringify(document)
  }

  /** What comes is no stream of events but sound: it has no texts to change. */
  takeAsBytes(): void {
    this.isOpaque = true
  }

  /** What of a stream's chunk goes on now; undefined: nothing yet, or nothing any more. Never throws: `end` does. */
  push(chunk: Buffer): Buffer | undefined {
    if (this.failure) return undefined
    try {
      const shown = this.isOpaque ? chunk : this.takeAll(chunk)
      if (shown.length === 0) return undefined
      if (!this.isHeld) return Buffer.from(shown)
      this.hold(shown)
    } catch (error) {
      this.failure = toPluginError(error)
    }
    return undefined
  }

  /** The stream is over, with these last words: all that is left. Rejects as `whole` does. */
  async end(last: string): Promise<string | Buffer> {
    if (this.failure) throw this.failure
    if (this.isOpaque) {
      await this.ask(undefined, [])
      return Buffer.concat([...this.held, last].map((piece) => Buffer.from(piece)))
    }
    let shown = this.takeAll(Buffer.from(last))
    // What never had an end of its own.
    shown = this.endChannels('') + shown
    if (!this.isHeld) return shown
    await this.ask(undefined, this.texts)
    return this.held.join('') + shown
  }

  private async ask(document: Document | undefined, texts: readonly string[]): Promise<void> {
    for (const { plugin, state } of this.runs) {
      await plugin.response?.({ ...this.about, document, texts }, state)
    }
  }

  private takeAll(chunk: Buffer): string {
    return this.reader
      .push(chunk)
      .map((event) => this.take(event))
      .join('')
  }

  private hold(shown: string | Buffer): void {
    this.heldBytes += shown.length
    if (this.heldBytes > maxHeldBytes)
      throw new Error('The answer is too long for a plugin that reads it whole.')
    this.held.push(shown)
  }

  private take({ event: name, data }: ServerSentEvent): string {
    const event = data.startsWith('{') ? parseObject(data) : undefined
    // `[DONE]`, and whatever else is not JSON.
    if (!event) return this.endChannels('') + sseEvent(data, name || undefined)
    const { deltas, ends, repeats } = textsOfEvent(this.about.endpoint, event)
    for (const delta of deltas) this.changeDelta(delta, event, name)
    const before = ends.map((prefix) => this.endChannels(prefix, event, deltas)).join('')
    if (repeats) this.changeTexts(event, () => undefined)
    this.changeChunk(event)
    return before + this.write(event, name)
  }

  private changeDelta(delta: Delta, event: Document, name: string): void {
    const { holder, field, channel: key } = delta
    const known = this.channels.get(key)
    const channel = known ?? { transform: this.transformOf(delta.slot), delta, event, name, text: '' }
    if (!known) this.channels.set(key, channel)
    channel.delta = delta
    const text = channel.transform.push(String(holder[field]))
    if (this.isHeld) channel.text += text
    holder[field] = text
    channel.event = event
  }

  /** Writes what is held back of texts that are over: into the event itself where it has a piece of them. */
  private endChannels(prefix: string, event: Document = {}, deltas: readonly Delta[] = []): string {
    let written = ''
    for (const [key, channel] of this.channels) {
      if (!key.startsWith(prefix)) continue
      this.channels.delete(key)
      const text = channel.transform.end()
      const { delta, event: last, name, text: before } = channel
      if (delta.slot.kind === 'text' && this.isHeld) this.texts.push(before + text)
      if (text === '') continue
      const own = deltas.find(({ channel: of }) => of === key)
      if (own) {
        own.holder[own.field] = String(own.holder[own.field]) + text
        continue
      }
      const { sequence_number: number } = event
      const piece = pieceLike(this.about.endpoint, last, delta, text)
      written += this.write(number === undefined ? piece : { ...piece, sequence_number: number }, name)
      this.insertedCount++
    }
    return written
  }

  /** Events of the Responses API are numbered; what is put in between counts too. */
  private write(event: Document, name: string): string {
    const { sequence_number: number } = event
    const isNumbered = this.insertedCount > 0 && typeof number === 'number'
    const shown = isNumbered ? { ...event, sequence_number: number + this.insertedCount } : event
    return sseEvent(JSON.stringify(shown), name || undefined)
  }

  private changeTexts(document: Document, note: (text: string, slot: TextSlot) => void): void {
    if (!(this.about.endpoint in conversing)) return
    changeAnswerTexts(this.about.endpoint, document, (text, slot) => {
      const transform = this.transformOf(slot)
      const changed = transform.push(text) + transform.end()
      note(changed, slot)
      return changed
    })
  }

  private changeChunk(document: Document): void {
    for (const { plugin, state } of this.runs) plugin.chunk?.(document, state)
  }

  /** All plugins' one after the other: what one lets go the next one gets. */
  private transformOf(slot: TextSlot): TextTransform {
    const transforms = this.runs
      .map(({ plugin, state }) => plugin.text?.(slot, state))
      .filter((transform) => transform !== undefined)
    return {
      push: (piece) => transforms.reduce((text, transform) => transform.push(text), piece),
      end: () => transforms.reduce((text, transform) => transform.push(text) + transform.end(), ''),
    }
  }
}

/** What went wrong in a plugin, as the caller is told it. */
export function toPluginError(error: unknown): AppError {
  return error instanceof AppError ? error : AppError.of('internal_error', {}, { cause: error })
}
