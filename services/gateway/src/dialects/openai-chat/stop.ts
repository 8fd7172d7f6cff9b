import type { Part } from '../../conversation/conversation.js'
import type { Choice, Stop } from '../../conversation/reply.js'

const reasons: Readonly<Record<string, Stop['reason']>> = {
  stop: 'end',
  length: 'length',
  max_tokens: 'length',
  model_length: 'context',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
}

/** What an answer holds besides text: it says more of why it ended than the vendors that say nothing. */
interface Held {
  calls: boolean
  refusal: boolean
}

/**
 * Why a choice ended. Snowflake says nothing, and several say `stop` where tools are called.
 * @param sequence vLLM's `stop_reason`: the stop sequence that was met
 */
export function readStop(reason: unknown, sequence: unknown, held: Held): Stop {
  // OpenRouter's word for an answer that the vendor behind it broke off.
  if (reason === 'error') throw new Error('its reply broke off with an error.')
  const found = typeof reason === 'string' ? reasons[reason] : undefined
  if (found !== undefined && found !== 'end') return { reason: found }
  if (held.calls) return { reason: 'tool_calls' }
  if (held.refusal) return { reason: 'refusal' }
  return typeof sequence === 'string' && sequence !== ''
    ? { reason: 'stop_sequence', sequence }
    : { reason: 'end' }
}

/** What is held by parts. */
export const heldBy = (parts: Part[]): Held => ({
  calls: parts.some(({ type }) => type === 'tool_call'),
  refusal: parts.some(({ type }) => type === 'refusal'),
})

/** `finish_reason`; a refusal without a word of it is what OpenAI calls filtered. */
export function writeStop({ reason }: Stop, hasRefusal: boolean): string {
  switch (reason) {
    case 'length':
    case 'context':
      return 'length'
    case 'tool_calls':
    case 'content_filter':
      return reason
    case 'refusal':
      return hasRefusal ? 'stop' : 'content_filter'
    case 'end':
    case 'stop_sequence':
    case 'pause':
      return 'stop'
  }
}

/** `finish_reason` of a whole choice. */
export const writeChoiceStop = ({ stop, parts }: Choice): string => writeStop(stop, heldBy(parts).refusal)
