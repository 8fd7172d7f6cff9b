import { asObject } from '../conversation/json.js'
import type { AttemptedCall } from '../inference/endpoint.js'
import { estimateTokens, noUsage, toCount } from '../inference/usage.js'
import { geminiEmbeddings } from './gemini-embeddings.js'
import { invalid, operation, OperationExchange } from './operation.js'

const declaration = {
  name: 'embeddings',
  /** A token is a number where it is not a text. */
  expected: ({ document: { input } }: AttemptedCall) => ({ inputTokens: countTokens(input) }),
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

function countTokens(input: unknown): number {
  if (typeof input === 'string') return estimateTokens(Buffer.byteLength(input))
  if (!Array.isArray(input)) return 1
  return (input as unknown[]).reduce<number>((sum, item) => sum + countTokens(item), 0)
}
