import { asObject } from '../conversation/json.js'
import { noUsage, toCount } from '../inference/usage.js'
import { geminiEmbeddings } from './gemini-embeddings.js'
import { invalid, operation, OperationExchange } from './operation.js'

const declaration = {
  name: 'embeddings',
  /** What is embedded is one text or several, or the same as tokens. */
  readUsage(reply: Record<string, unknown>) {
    const usage = asObject(reply['usage'])
    const inputTokens = toCount(usage?.['prompt_tokens'] ?? usage?.['total_tokens'])
    return inputTokens === undefined ? undefined : { ...noUsage, source: 'reported' as const, inputTokens }
  },
} as const

/** OpenAI's embeddings. */
export const embeddings = operation({
  ...declaration,
  scope: 'embeddings',
  check({ input }) {
    if (typeof input === 'string' && input !== '') return
    if (!Array.isArray(input) || input.length === 0) {
      throw invalid('input', 'must be a text, a list of texts, or tokens')
    }
  },
  exchange: (attempted, type) =>
    attempted.provider.type === 'gemini'
      ? geminiEmbeddings(attempted, type)
      : new OperationExchange(declaration, attempted, type),
})
