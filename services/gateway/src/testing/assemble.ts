import type { Part } from '../conversation/conversation.js'
import type { PartStart, Reply, ReplyEvent, VendorError } from '../conversation/reply.js'

/** What a stream told, and whether it came to its end. */
export interface Assembled {
  reply: Reply
  isEnded: boolean
  error?: VendorError
}

interface Open {
  part: Part
  isOver: boolean
}

/** Puts a stream's events together; throws where their order is not what `ReplyEvent` promises. */
export function assemble(events: ReplyEvent[]): Assembled {
  const [start, ...rest] = events
  const reply: Reply = { id: '', model: '', created: 0, choices: [], usage: undefined }
  const result: Assembled = { reply, isEnded: false }
  if (start?.type === 'start') Object.assign(reply, { ...start, usage: start.usage, type: undefined })
  else if (start?.type !== 'error') throw new Error(`A stream began with ${start?.type}.`)
  const open: Open[][] = []
  const stopped = new Set<number>()
  for (const event of start.type === 'error' ? events : rest) {
    if (result.isEnded || result.error) throw new Error(`${event.type} came after the end.`)
    take(event, { result, open, stopped })
  }
  reply.choices.forEach((choice, at) => (choice.parts = (open[at] ?? []).map(({ part }) => part)))
  delete (reply as { type?: unknown }).type
  return result
}

function take(
  event: ReplyEvent,
  { result, open, stopped }: { result: Assembled; open: Open[][]; stopped: Set<number> },
): void {
  const { reply } = result
  switch (event.type) {
    case 'start':
      throw new Error('A stream began twice.')
    case 'usage':
      reply.usage = event.usage
      if (event.serviceTier !== undefined) reply.serviceTier = event.serviceTier
      return
    case 'end':
      if (stopped.size === 0) throw new Error('A stream ended without a stop.')
      result.isEnded = true
      return
    case 'error':
      result.error = event.error
      return
    default:
  }
  if (stopped.has(event.choice)) throw new Error(`${event.type} came after the stop of its choice.`)
  const parts = (open[event.choice] ??= [])
  const choice = (reply.choices[event.choice] ??= { parts: [], stop: { reason: 'end' } })
  if (event.type === 'stop') {
    if (parts.some(({ isOver }) => !isOver)) throw new Error('A choice stopped with a part open.')
    choice.stop = event.stop
    stopped.add(event.choice)
    return
  }
  if (event.type === 'part_start') {
    if (event.part !== parts.length) throw new Error(`Part ${event.part} began as number ${parts.length}.`)
    const isAlone = event.start.type !== 'tool_call'
    if (parts.some(({ part, isOver }) => !isOver && (isAlone || part.type !== 'tool_call'))) {
      throw new Error(`${event.start.type} overlaps another part.`)
    }
    parts.push({ part: begin(event.start), isOver: false })
    return
  }
  const current = parts[event.part]
  if (!current || current.isOver) throw new Error(`${event.type} of a part that is not open.`)
  const { part } = current
  switch (event.type) {
    case 'text':
      if (!('text' in part)) throw new Error(`Text in a part of type ${part.type}.`)
      part.text += event.text
      if (event.logprobs !== undefined) addLogprobs(choice, event.logprobs)
      return
    case 'arguments':
      if (part.type !== 'tool_call') throw new Error(`Arguments in a part of type ${part.type}.`)
      part.arguments += event.json
      return
    case 'citation':
      if (part.type !== 'text') throw new Error(`A citation in a part of type ${part.type}.`)
      part.citations = [...(part.citations ?? []), event.citation]
      return
    case 'signature':
      if (part.type !== 'reasoning' && part.type !== 'tool_call') {
        throw new Error(`A signature in a part of type ${part.type}.`)
      }
      if (part.signature) throw new Error('A part is signed twice.')
      part.signature = event.signature
      return
    case 'part_end':
      current.isOver = true
  }
}

function begin(start: PartStart): Part {
  switch (start.type) {
    case 'tool_call':
      return { ...start, arguments: '' }
    case 'native':
      return start.native
    default:
      return { ...start, text: '' }
  }
}

function addLogprobs(choice: Reply['choices'][number], logprobs: unknown): void {
  const { content = [], refusal = [] } = (choice.logprobs ?? {}) as Record<string, unknown[] | undefined>
  const more = logprobs as Record<string, unknown[] | null | undefined>
  choice.logprobs = {
    content: [...content, ...(more['content'] ?? [])],
    refusal: [...refusal, ...(more['refusal'] ?? [])],
  }
}

/** All that a reply says in words, what it calls, and why it ended. */
export function gistOf(reply: Reply) {
  return reply.choices.map(({ parts, stop }) => ({
    text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    refusal: parts.map((part) => (part.type === 'refusal' ? part.text : '')).join(''),
    reasoning: parts.map((part) => (part.type === 'reasoning' ? part.text : '')).join(''),
    calls: parts.flatMap((part) =>
      part.type === 'tool_call' ? [{ name: part.name, arguments: part.arguments }] : [],
    ),
    stop: stop.reason,
  }))
}
