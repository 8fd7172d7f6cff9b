import type { SystemPromptSettings } from '@weir/plugin-settings'
import type { RequestDocument } from '../inference/endpoint.js'
import { definePlugin } from './plugin.js'

/** Begins the system prompt of every request. */
export const systemPrompt = definePlugin<SystemPromptSettings>({
  name: 'system_prompt',
  create: ({ text }) => ({
    request({ endpoint, document }) {
      if (endpoint === 'chat') prefixMessages(document, text)
      if (endpoint === 'messages') prefixField(document, 'system', text)
      if (endpoint === 'responses') prefixField(document, 'instructions', text)
      // There is no system prompt here: what the model shall go on from is all that it gets.
      if (endpoint === 'completions') prefixPrompts(document, text)
    },
  }),
})

/** An instruction that is there already is gone on from: some models take only one. */
function prefixMessages(document: RequestDocument, text: string): void {
  const { messages } = document
  if (!Array.isArray(messages)) return
  const [first] = messages as { role?: unknown; content?: unknown }[]
  const isInstruction = first?.role === 'system' || first?.role === 'developer'
  if (first && isInstruction) prefixField(first, 'content', text)
  else messages.unshift({ role: 'system', content: text })
}

function prefixField(holder: Record<string, unknown>, field: string, text: string): void {
  const value = holder[field]
  if (Array.isArray(value)) value.unshift({ type: 'text', text })
  else holder[field] = typeof value === 'string' && value !== '' ? `${text}\n\n${value}` : text
}

function prefixPrompts(document: RequestDocument, text: string): void {
  const { prompt } = document
  const prefixed = (value: unknown): unknown => (typeof value === 'string' ? `${text}\n\n${value}` : value)
  document['prompt'] = Array.isArray(prompt) ? prompt.map(prefixed) : prefixed(prompt)
}
