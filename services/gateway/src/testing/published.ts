import { publishedTypes, type TypeCheck } from './published-types.js'

const openai = `import('openai').OpenAI`
const anthropic = `import('@anthropic-ai/sdk').Anthropic`
const wanted = {
  chat: `${openai}.Chat.ChatCompletion`,
  chatChunk: `${openai}.Chat.ChatCompletionChunk`,
  completion: `${openai}.Completion`,
  response: `${openai}.Responses.Response`,
  responseEvent: `${openai}.Responses.ResponseStreamEvent`,
  message: `${anthropic}.Message`,
  messageEvent: `${anthropic}.RawMessageStreamEvent`,
  openaiError: `{ error: import('openai').OpenAI.ErrorObject }`,
  responseError: `${openai}.Responses.ResponseErrorEvent`,
  anthropicError: `${anthropic}.ErrorResponse`,
}

type Published = Record<keyof typeof wanted, TypeCheck>

/** Reading the SDKs' types takes seconds and a hundred megabytes: specs that share a worker share them. */
const known = globalThis as { weirPublishedTypes?: Published }

/** What OpenAI and Anthropic say that their answers are. */
export const published: Published = (known.weirPublishedTypes ??= publishedTypes(wanted))

/** By the dialect that a caller speaks. */
export const publishedChecks: Readonly<Record<string, { whole: TypeCheck; event: TypeCheck }>> = {
  'openai-chat': { whole: published.chat, event: published.chatChunk },
  'openai-completions': { whole: published.completion, event: published.completion },
  'openai-responses': { whole: published.response, event: published.responseEvent },
  'anthropic-messages': { whole: published.message, event: published.messageEvent },
}
