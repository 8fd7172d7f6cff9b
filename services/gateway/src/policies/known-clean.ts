import { hash } from 'node:crypto'
import type { DocumentText } from './document-texts.js'

/** Of each generation; about 150 bytes each. */
const maxEntries = 20_000

/** The policy service's detectors may be others by then. */
const validMs = 600_000

/** One message of a request with the name under which it is remembered. */
export interface Message {
  readonly key: string
  /** Which of the request's texts is its first one. */
  readonly first: number
  readonly texts: readonly DocumentText[]
}

/**
 * Which messages the policies have found nothing in, by a hash of the message and of the policies: a
 * conversation that goes on is sent whole with each of its turns, and only what is new has to be judged.
 */
export class KnownClean {
  private young = new Map<string, number>()
  private old = new Map<string, number>()

  /** The messages of a request, each with the full hash of it and of the policies that judge it. */
  messagesOf(policies: string, texts: readonly DocumentText[]): Message[] {
    const messages: Message[] = []
    for (let first = 0; first < texts.length;) {
      let end = first + 1
      while (end < texts.length && texts[end]?.message === texts[first]?.message) end++
      const parts = texts.slice(first, end)
      const said = parts.map(({ text }) => `${text.length} ${text}`).join('')
      messages.push({ key: hash('sha256', `${policies}\0${said}`, 'base64'), first, texts: parts })
      first = end
    }
    return messages
  }

  has({ key }: Message, nowMs: number): boolean {
    const at = this.young.get(key) ?? this.old.get(key)
    if (at === undefined || nowMs - at > validMs) return false
    this.put(key, at)
    return true
  }

  add(messages: readonly Message[], nowMs: number): void {
    for (const { key } of messages) this.put(key, nowMs)
  }

  private put(key: string, at: number): void {
    this.young.set(key, at)
    if (this.young.size < maxEntries) return
    this.old = this.young
    this.young = new Map()
  }
}
