import type { Reply, ReplyEvent } from '../conversation/reply.js'

/** A reply as the stream that it could have been. */
export function eventsOf(reply: Reply): ReplyEvent[] {
  const [choice] = reply.choices
  const events: ReplyEvent[] = [{ type: 'start', id: reply.id, model: reply.model, created: reply.created }]
  for (const [part, value] of (choice?.parts ?? []).entries()) {
    const at = { choice: 0, part }
    if (value.type === 'tool_call') {
      events.push({ type: 'part_start', ...at, start: { type: 'tool_call', id: value.id, name: value.name } })
      for (const json of value.arguments.match(/.{1,5}/gs) ?? [])
        events.push({ type: 'arguments', ...at, json })
    } else if (value.type === 'native') {
      events.push({ type: 'part_start', ...at, start: { type: 'native', native: value } })
    } else if (value.type === 'text' || value.type === 'reasoning' || value.type === 'refusal') {
      events.push({ type: 'part_start', ...at, start: { type: value.type } })
      for (const text of value.text.match(/.{1,7}/gs) ?? []) events.push({ type: 'text', ...at, text })
      if (value.type === 'text')
        for (const citation of value.citations ?? []) events.push({ type: 'citation', ...at, citation })
      if ('signature' in value && value.signature) {
        events.push({ type: 'signature', ...at, signature: value.signature })
      }
    }
    events.push({ type: 'part_end', ...at })
  }
  events.push({ type: 'stop', choice: 0, stop: choice?.stop ?? { reason: 'end' } })
  if (reply.usage) events.push({ type: 'usage', usage: reply.usage })
  events.push({ type: 'end' })
  return events
}
