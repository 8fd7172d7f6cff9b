import type { Part, TextPart } from '../../conversation/conversation.js'
import type { Document, Naming } from '../../conversation/dialect.js'
import type { Choice, Reply } from '../../conversation/reply.js'
import { joinCallId } from '../../conversation/signature.js'
import { writeAnnotation } from './annotation.js'
import {
  callItem,
  messageItem,
  nativeItem,
  outputLogprobs,
  outputText,
  reasoningItem,
} from './output-item.js'
import { isIncomplete, newId, responseId, writeResponse } from './response-object.js'
import { formOf, toolForms, type ToolForm } from './tool-form.js'

/** Writes an answer as a response object. A response has one choice: the first is told. */
export function writeReply(reply: Reply, naming: Naming, request: Document): Document {
  const choice = reply.choices[0] ?? { parts: [], stop: { reason: 'end' } }
  return writeResponse(
    {
      head: { id: responseId(reply.id), created: reply.created },
      stop: choice.stop,
      output: writeOutput(choice, toolForms(request)),
      usage: reply.usage,
      serviceTier: reply.serviceTier,
    },
    naming,
    request,
  )
}

function writeOutput(choice: Choice, forms: Map<string, ToolForm>): Document[] {
  const items: Document[] = []
  let content: Document[] | undefined
  let logprobs = outputLogprobs(choice.logprobs)
  for (const part of choice.parts) {
    const words = writeWords(part, logprobs)
    if (words) {
      if (part.type === 'text') logprobs = []
      if (!content) {
        content = []
        items.push(messageItem(newId('msg'), content, 'completed'))
      }
      content.push(words)
      continue
    }
    const item = writeItem(part, forms)
    if (!item) continue
    items.push(item)
    content = undefined
  }
  const last = items.at(-1)
  if (last?.['type'] === 'message' && isIncomplete(choice.stop)) last['status'] = 'incomplete'
  return items
}

/** Undefined for a part that stands in no message. */
function writeWords(part: Part, logprobs: unknown[]): Document | undefined {
  if (part.type === 'refusal') return { type: 'refusal', refusal: part.text }
  return part.type === 'text' ? outputText(part.text, writeAnnotations(part), logprobs) : undefined
}

const writeAnnotations = ({ citations = [], text }: TextPart): unknown[] =>
  citations.map((citation) => writeAnnotation(citation, text.length))

function writeItem(part: Part, forms: Map<string, ToolForm>): Document | undefined {
  switch (part.type) {
    case 'tool_call': {
      const form = formOf(forms, part.name)
      const call = {
        callId: joinCallId(part.id, part.signature),
        arguments: part.arguments === '' ? '{}' : part.arguments,
      }
      return callItem(newId(form.isCustom ? 'ctc' : 'fc'), call, { form, status: 'completed' })
    }
    case 'reasoning':
      return reasoningItem(newId('rs'), part)
    case 'native':
      return nativeItem(part)
    default:
      return undefined
  }
}
