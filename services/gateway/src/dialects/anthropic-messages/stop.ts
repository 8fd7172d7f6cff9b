import type { Document } from '../../conversation/dialect.js'
import { asText } from '../../conversation/json.js'
import type { Stop } from '../../conversation/reply.js'

const reasons: Readonly<Record<string, Stop['reason']>> = {
  end_turn: 'end',
  max_tokens: 'length',
  model_context_window_exceeded: 'context',
  tool_use: 'tool_calls',
  pause_turn: 'pause',
  compaction: 'pause',
  refusal: 'refusal',
}

/** Why a message ended. */
export function readStop(document: Document, hasCalls: boolean): Stop {
  const reason = asText(document['stop_reason'])
  if (reason === 'stop_sequence') {
    const sequence = asText(document['stop_sequence'])
    return { reason: 'stop_sequence', ...(sequence !== undefined && { sequence }) }
  }
  return { reason: reasons[reason ?? ''] ?? (hasCalls ? 'tool_calls' : 'end') }
}

/** The fields of a message that say why it ended. */
export function writeStop({ reason, sequence }: Stop, refusal: string): Document {
  const isRefused = reason === 'refusal' || reason === 'content_filter'
  return {
    stop_reason: isRefused ? 'refusal' : words[reason],
    stop_sequence: reason === 'stop_sequence' ? (sequence ?? '') : null,
    stop_details: isRefused
      ? { type: 'refusal', category: null, explanation: refusal === '' ? null : refusal }
      : null,
  }
}

const words = {
  end: 'end_turn',
  length: 'max_tokens',
  context: 'model_context_window_exceeded',
  tool_calls: 'tool_use',
  stop_sequence: 'stop_sequence',
  pause: 'pause_turn',
  refusal: 'refusal',
  content_filter: 'refusal',
} as const satisfies Record<Stop['reason'], string>
