import type { ResponseLengthCapSettings } from '@weir/plugin-settings'
import { asObject, objectsOf } from '../conversation/json.js'
import type { Document } from '../conversation/dialect.js'
import { definePlugin, type Plugin } from './plugin.js'

/** Of which answers a text was cut. */
type Cut = Set<number>

/** Ends each text of an answer that is longer, and says so where the dialect tells why an answer ended. */
export const responseLengthCap = definePlugin<ResponseLengthCapSettings>({
  name: 'response_length_cap',
  create: ({ max_characters: maxCharacters }): Plugin<Cut> => ({
    request: () => new Set(),
    text({ kind, choice }, cut) {
      if (kind !== 'text') return undefined
      let left = maxCharacters
      return {
        push(piece) {
          const shown = piece.length <= left ? piece : piece.slice(0, wholeCharacters(piece, left))
          if (shown.length < piece.length) {
            left = 0
            cut.add(choice)
          } else {
            left -= shown.length
          }
          return shown
        },
        end: () => '',
      }
    },
    chunk(document, cut) {
      if (cut.size > 0) sayCut(document, cut)
    },
  }),
})

/** A surrogate pair is one character, and stays whole. */
function wholeCharacters(text: string, length: number): number {
  const last = text.charCodeAt(length - 1)
  return last >= 0xd800 && last <= 0xdbff ? length - 1 : length
}

function sayCut(document: Document, cut: Cut): void {
  for (const choice of objectsOf(document['choices'])) {
    if (choice['finish_reason'] === 'stop' && cut.has(Number(choice['index'] ?? 0)))
      choice['finish_reason'] = 'length'
  }
  // Anthropic's whole answer, and the event before its stream's end.
  for (const holder of [document, asObject(document['delta'])]) {
    if (holder?.['stop_reason'] === 'end_turn') holder['stop_reason'] = 'max_tokens'
  }
  for (const holder of [document, asObject(document['response'])]) {
    if (holder?.['object'] !== 'response' || holder['status'] !== 'completed') continue
    holder['status'] = 'incomplete'
    holder['incomplete_details'] = { reason: 'max_output_tokens' }
  }
  if (document['type'] === 'response.completed') document['type'] = 'response.incomplete'
}
