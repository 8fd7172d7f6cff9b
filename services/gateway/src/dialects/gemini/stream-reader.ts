import type { Part } from '../../conversation/conversation.js'
import type { Document, StreamReader } from '../../conversation/dialect.js'
import {
  asNumber,
  asObject,
  asText,
  objectsOf,
  parseEventData,
  parseObject,
} from '../../conversation/json.js'
import type { PartStart, ReplyEvent } from '../../conversation/reply.js'
import { SseReader } from '../../conversation/sse.js'
import { readStreamError } from './errors.js'
import { readCitations } from './grounding.js'
import {
  callId,
  readBlocked,
  readComplaint,
  readHead,
  readLogprobs,
  readPart,
  readStop,
  withSearches,
} from './reply.js'
import { readUsage } from './usage.js'

/** One candidate of a stream. */
interface Candidate {
  /** Parts begun so far. */
  parts: number
  /** Parts that the vendor has sent: what ids of calls are made from. */
  received: number
  open?: 'text' | 'reasoning'
  hasCalls: boolean
  isStopped: boolean
  /** All of its text: citations say where in it. */
  text: string
  /** Where in it the open part begins. */
  openFrom: number
}

/**
 * Reads a stream of `streamGenerateContent?alt=sse`: each event is a piece of an answer, several
 * parts long. It has no end of its own: the end is where every candidate has said why it ended.
 */
export class GeminiStreamReader implements StreamReader {
  private readonly sse = new SseReader()
  private readonly candidates: Candidate[] = []
  private replyId: string | undefined
  /** Counts that an event leaves out are those of the one before it. */
  private usage: Document = {}
  private isOver = false
  /** The prompt was refused: no candidate follows. */
  private isBlocked = false

  /** @param choices candidates that were asked for: one that has ended may be first, and not the last */
  constructor(private readonly choices = 1) {}

  push(chunk: Buffer): ReplyEvent[] {
    const events: ReplyEvent[] = []
    for (const { data } of this.sse.push(chunk)) {
      if (this.isOver || data === '[DONE]') continue
      // The arguments of a call keep their digits; proofs look like numbers that a double cannot hold.
      const document = data.includes('"functionCall"') ? parseObject(data) : parseEventData(data)
      if (!document) throw new Error('An event of the stream is not a JSON object.')
      this.read(document, events)
    }
    return events
  }

  private read(document: Document, events: ReplyEvent[]): void {
    if (asObject(document['error'])) {
      events.push({ type: 'error', error: readStreamError(document) })
      this.isOver = true
      return
    }
    const head = readHead(document)
    if (this.replyId === undefined) {
      events.push({ type: 'start', ...head })
      this.replyId = head.id
    }
    const candidates = objectsOf(document['candidates'])
    for (const candidate of candidates) this.readCandidate(candidate, events)
    const feedback = asObject(document['promptFeedback'])
    if (feedback?.['blockReason'] !== undefined && candidates.length === 0) this.block(feedback, events)
    const stopped = this.candidates.filter((candidate) => candidate?.isStopped).length
    const isEnd = stopped === this.candidates.length && (this.isBlocked || stopped >= this.choices)
    this.readUsage(document, candidates, head.model, isEnd, events)
    if (!isEnd) return
    events.push({ type: 'end' })
    this.isOver = true
  }

  /** On its way Gemini tells of the prompt alone at times: if the stream is cut, that is no usage. */
  private readUsage(
    document: Document,
    candidates: Document[],
    model: string,
    isEnd: boolean,
    events: ReplyEvent[],
  ): void {
    Object.assign(this.usage, asObject(document['usageMetadata']))
    const usage = withSearches(readUsage(this.usage), candidates, model)
    if (!usage || (!isEnd && usage.outputTokens + usage.reasoningTokens === 0)) return
    const { serviceTier } = usage
    events.push({ type: 'usage', usage, ...(serviceTier !== undefined && { serviceTier }) })
  }

  private block(feedback: Document, events: ReplyEvent[]): void {
    const candidate = this.candidateOf(0)
    const blocked = readBlocked(feedback)
    for (const part of blocked.parts) this.writeWhole(candidate, 0, part, events)
    candidate.isStopped = true
    this.isBlocked = true
    events.push({ type: 'stop', choice: 0, stop: blocked.stop })
  }

  private candidateOf(choice: number): Candidate {
    return (this.candidates[choice] ??= {
      parts: 0,
      received: 0,
      hasCalls: false,
      isStopped: false,
      text: '',
      openFrom: 0,
    })
  }

  private readCandidate(value: Document, events: ReplyEvent[]): void {
    const choice = asNumber(value['index']) ?? 0
    if (!Number.isInteger(choice) || choice < 0 || choice > 127) {
      throw new Error('The stream has a candidate with an impossible index.')
    }
    const candidate = this.candidateOf(choice)
    if (candidate.isStopped) return
    const proofs: Part[] = []
    let logprobs = readLogprobs(value)
    for (const raw of objectsOf(asObject(value['content'])?.['parts'])) {
      for (const part of readPart(raw, callId(this.replyId ?? '', choice, candidate.received))) {
        // The proof of a text comes with its last piece, as do its citations, which stand in it.
        if (part.type === 'reasoning' && part.text === '' && part.isSummary !== true) {
          proofs.push(part)
          continue
        }
        this.writePart(candidate, choice, part, part.type === 'text' ? logprobs : undefined, events)
        if (part.type === 'text') logprobs = undefined
      }
      candidate.received++
    }
    this.cite(candidate, choice, value, events)
    for (const proof of proofs) this.writeWhole(candidate, choice, proof, events)
    const reason = asText(value['finishReason'])
    if (reason !== undefined && reason !== 'FINISH_REASON_UNSPECIFIED')
      this.stop(candidate, choice, value, events)
  }

  private writePart(
    candidate: Candidate,
    choice: number,
    part: Part,
    logprobs: unknown,
    events: ReplyEvent[],
  ): void {
    if (part.type !== 'text' && part.type !== 'reasoning') {
      this.writeWhole(candidate, choice, part, events)
      return
    }
    if (candidate.open !== part.type) this.open(candidate, choice, part.type, events)
    const at = candidate.parts - 1
    if (part.type === 'text') candidate.text += part.text
    if (part.text !== '') {
      events.push({
        type: 'text',
        choice,
        part: at,
        text: part.text,
        ...(logprobs !== undefined && { logprobs }),
      })
    }
    if (part.type === 'reasoning' && part.signature) {
      events.push({ type: 'signature', choice, part: at, signature: part.signature })
      this.close(candidate, choice, events)
    }
  }

  private open(candidate: Candidate, choice: number, type: 'text' | 'reasoning', events: ReplyEvent[]): void {
    this.close(candidate, choice, events)
    const start: PartStart = type === 'text' ? { type } : { type, isSummary: true }
    events.push({ type: 'part_start', choice, part: candidate.parts++, start })
    candidate.open = type
    candidate.openFrom = candidate.text.length
  }

  private close(candidate: Candidate, choice: number, events: ReplyEvent[]): void {
    if (!candidate.open) return
    events.push({ type: 'part_end', choice, part: candidate.parts - 1 })
    delete candidate.open
  }

  /** A part that comes whole. */
  private writeWhole(candidate: Candidate, choice: number, part: Part, events: ReplyEvent[]): void {
    const start = startOf(part)
    if (!start) return
    this.close(candidate, choice, events)
    const at = candidate.parts++
    events.push({ type: 'part_start', choice, part: at, start })
    if (part.type === 'tool_call') {
      candidate.hasCalls = true
      events.push({ type: 'arguments', choice, part: at, json: part.arguments })
    }
    if (part.type === 'reasoning' && part.signature) {
      events.push({ type: 'signature', choice, part: at, signature: part.signature })
    }
    if (part.type === 'refusal') events.push({ type: 'text', choice, part: at, text: part.text })
    events.push({ type: 'part_end', choice, part: at })
  }

  private cite(candidate: Candidate, choice: number, value: Document, events: ReplyEvent[]): void {
    const citations = readCitations(value, candidate.text)
    if (citations.length === 0) return
    if (candidate.open !== 'text') this.open(candidate, choice, 'text', events)
    const from = candidate.openFrom
    for (const { start, end, ...citation } of citations) {
      const range =
        start === undefined || start < from ? {} : { start: start - from, end: (end ?? start) - from }
      events.push({
        type: 'citation',
        choice,
        part: candidate.parts - 1,
        citation: { ...citation, ...range },
      })
    }
  }

  private stop(candidate: Candidate, choice: number, value: Document, events: ReplyEvent[]): void {
    this.close(candidate, choice, events)
    const stop = readStop(value, candidate.hasCalls)
    const complaint = readComplaint(value, stop, candidate.parts === 0)
    if (complaint) this.writeWhole(candidate, choice, complaint, events)
    candidate.isStopped = true
    candidate.text = ''
    events.push({ type: 'stop', choice, stop })
  }
}

function startOf(part: Part): PartStart | undefined {
  switch (part.type) {
    case 'tool_call': {
      const { id, name, signature } = part
      return { type: 'tool_call', id, name, ...(signature && { signature }) }
    }
    case 'native':
      return { type: 'native', native: part }
    case 'reasoning':
      return { type: 'reasoning', ...(part.isSummary === true && { isSummary: true }) }
    case 'refusal':
      return { type: 'refusal' }
    default:
      return undefined
  }
}
