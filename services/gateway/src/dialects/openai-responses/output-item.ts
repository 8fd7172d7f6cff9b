import type { NativePart, ReasoningPart } from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { asList, asObject } from '../../conversation/json.js'
import { sealSignature } from '../../conversation/signature.js'
import { inputOfArguments } from './custom-tool.js'
import type { ToolForm } from './tool-form.js'

type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

export function messageItem(id: string, content: Document[], status: ItemStatus): Document {
  return { id, type: 'message', status, content, role: 'assistant' }
}

export function outputText(text: string, annotations: unknown[], logprobs: unknown[]): Document {
  return { type: 'output_text', annotations, logprobs, text }
}

/** A call, of a function or, where the caller declared it so, of a custom tool. */
export function callItem(
  id: string,
  call: { callId: string; arguments: string },
  { form, status }: { form: ToolForm; status: ItemStatus },
): Document {
  const { name, namespace, isCustom } = form
  const called = { call_id: call.callId, name, ...(namespace !== undefined && { namespace }) }
  return isCustom
    ? { id, type: 'custom_tool_call', status, ...called, input: inputOfArguments(call.arguments) }
    : { id, type: 'function_call', status, arguments: call.arguments, ...called }
}

/** Reasoning, with its proof where OpenAI has its own: whose it is, is sealed in it. */
export function reasoningItem(id: string, part: Omit<ReasoningPart, 'type'>): Document {
  const { signature, text } = part
  return {
    id: signature?.by === 'openai-responses' ? (signature.id ?? id) : id,
    type: 'reasoning',
    summary: text === '' ? [] : [{ type: 'summary_text', text }],
    ...(signature && {
      encrypted_content: signature.by === 'openai-responses' ? signature.value : sealSignature(signature),
    }),
  }
}

/** An item of another response; undefined for a part that only another vendor understands. */
export function nativeItem(part: NativePart): Document | undefined {
  return part.dialect === 'openai-responses' ? part.value : undefined
}

/** The log probabilities of a piece of text, as OpenAI's Responses tell them. */
export function outputLogprobs(logprobs: unknown): unknown[] {
  return asList(asObject(logprobs)?.['content'])
}
