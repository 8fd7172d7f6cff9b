import type { Conversation } from '../../conversation/conversation.js'
import { unsupported, type Document } from '../../conversation/dialect.js'
import { invalidField, RequestFields } from '../../conversation/request-fields.js'
import { readSampling } from '../openai-chat/request-reader.js'

/** What makes no sense of a conversation: it is completed by models that only go on with a text. */
const ofTexts = ['suffix', 'logprobs'] as const

/** Reads a completion request as a conversation of one turn. */
export function readRequest(document: Document): Conversation {
  const fields = new RequestFields(document)
  const model = fields.text('model') ?? ''
  for (const name of ofTexts)
    if (document[name] !== undefined && document[name] !== null) throw unsupported(model, name)
  if (fields.boolean('echo') === true) throw unsupported(model, 'echo')
  // One out of as many as are answered is no choice.
  if ((fields.whole('best_of') ?? 1) > (fields.whole('n') ?? 1)) throw unsupported(model, 'best_of')
  const text = readPrompt(fields, model)
  const user = fields.text('user')
  const sampling = readSampling(fields)
  return {
    system: [],
    turns: [{ role: 'user', parts: [{ type: 'text', text }] }],
    tools: [],
    sampling: { ...sampling, maxOutputTokens: sampling.maxOutputTokens ?? defaultMaxTokens },
    ...(user !== undefined && { user }),
    stream: fields.boolean('stream') === true,
    tellsStreamUsage: fields.object('stream_options')?.['include_usage'] === true,
    unread: fields.unread,
  }
}

/** OpenAI's own default for this API. */
const defaultMaxTokens = 16

function readPrompt(fields: RequestFields, model: string): string {
  const prompt = fields.document['prompt']
  fields.skip('prompt')
  if (typeof prompt === 'string') return prompt
  if (!Array.isArray(prompt)) throw invalidField('prompt', 'a text')
  if (prompt.some((item) => typeof item !== 'string')) throw unsupported(model, 'prompts of tokens')
  if (prompt.length !== 1) throw unsupported(model, 'several prompts')
  return String(prompt[0])
}
