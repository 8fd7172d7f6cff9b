import { calcPrice, extractUsage, findProvider } from '@pydantic/genai-prices'
import { parsePrice, priceInForce, rate, type UsageCounts, type UsageUnit } from '@weir/rating'
import { describe, expect, it } from 'vitest'
import { findPublicPrices } from '../../../../services/catalog/src/price/public-prices.js'
import type { Document, ProviderDialect } from '../../../../services/gateway/src/conversation/dialect.js'
import { SseReader } from '../../../../services/gateway/src/conversation/sse.js'
import { anthropicMessages } from '../../../../services/gateway/src/dialects/anthropic-messages/anthropic-messages.js'
import { bedrockConverse } from '../../../../services/gateway/src/dialects/bedrock-converse/bedrock-converse.js'
import { gemini } from '../../../../services/gateway/src/dialects/gemini/gemini.js'
import { openAiChat } from '../../../../services/gateway/src/dialects/openai-chat/openai-chat.js'
import { openaiResponses } from '../../../../services/gateway/src/dialects/openai-responses/openai-responses.js'
import type { Usage } from '../../../../services/gateway/src/inference/usage.js'
import { type Recording, recordings } from '../../../../services/gateway/src/testing/recordings.js'

/** How each API is read here, and by the price list's own reader. */
const apis: Record<string, { dialect: ProviderDialect; flavor: string }> = {
  'chat.completions': { dialect: openAiChat, flavor: 'chat' },
  responses: { dialect: openaiResponses, flavor: 'responses' },
  messages: { dialect: anthropicMessages, flavor: 'default' },
  generateContent: { dialect: gemini, flavor: 'default' },
  streamGenerateContent: { dialect: gemini, flavor: 'default' },
  converse: { dialect: bedrockConverse, flavor: 'default' },
}

/** Vendors as the price list calls them, and where their prices are found. */
const vendors: Record<string, { id: string; type: string; baseUrl?: string }> = {
  openai: { id: 'openai', type: 'openai' },
  anthropic: { id: 'anthropic', type: 'anthropic' },
  gemini: { id: 'google', type: 'gemini' },
  bedrock: { id: 'aws', type: 'bedrock' },
  azure: { id: 'azure', type: 'azure_openai' },
  mistral: { id: 'mistral', type: 'openai_compatible', baseUrl: 'https://api.mistral.ai/v1' },
  openrouter: { id: 'openrouter', type: 'openai_compatible', baseUrl: 'https://openrouter.ai/api/v1' },
}

interface Told {
  usage: Usage | undefined
  /** An answer that says the same, whole, for the other reader. */
  document: Document
}

function read({ dialect }: { dialect: ProviderDialect }, { response }: Recording): Told {
  if (response.sse === undefined) {
    const document = response.body as Document
    return { usage: dialect.readReply(document).usage, document }
  }
  const bytes = Buffer.from(response.sse)
  const told = dialect
    .readStream()
    .push(bytes)
    .filter((event) => event.type === 'usage')
  // Where a stream tells usage more than once, what came last holds, field by field.
  const document: Document = {}
  for (const { data } of new SseReader().push(bytes)) {
    if (!data.startsWith('{')) continue
    const chunk = JSON.parse(data) as Document
    const inner = (chunk['message'] ?? chunk['response'] ?? chunk) as Document
    const usage = (inner['usage'] ?? chunk['usage']) as Document | undefined
    if (usage) document['usage'] = { ...(document['usage'] as Document), ...usage }
    const counted = inner['usageMetadata'] as Document | undefined
    if (counted) document['usageMetadata'] = { ...(document['usageMetadata'] as Document), ...counted }
    const model = inner['model'] ?? inner['modelVersion']
    if (model) Object.assign(document, { model, modelVersion: model })
  }
  return { usage: told.at(-1)?.usage, document }
}

/** What the price list's own reader does not see. */
const unread = new Set([
  // The usage of a compaction lies beside that of the answer.
  'anthropic-messages/compaction-usage-with-cache-streaming.json',
  // Thoughts are in the total alone.
  'other/gemini-compatible-api-with-tool-calls-without-id-2.json',
  // It has no such stream of this vendor.
  'other/bedrock-reused-tool-call-ids-stream-1.json',
  'other/bedrock-reused-tool-call-ids-stream-3.json',
  'other/openrouter-openai-responses-raw-cot-stream-openrouter.json',
])

const cases = recordings(
  ({ file, api, provider, status, usage, model, features }) =>
    !unread.has(file) &&
    api in apis &&
    provider in vendors &&
    status === 200 &&
    usage.input !== null &&
    model !== null &&
    !features.includes('error'),
)

describe('what a vendor says was used', () => {
  let compared = 0

  it.each(cases.map((recording) => [recording.file, recording] as const))('%s', (_, recording) => {
    const vendor = vendors[recording.provider]!
    const api = apis[recording.api]!
    const { usage, document } = read(api, recording)
    expect(usage?.source).toBe('reported')
    const model = recording.model!
    const baseUrl = vendor.baseUrl ?? 'http://127.0.0.1'
    const terms = findPublicPrices({ type: vendor.type, baseUrl }, model)
    const provider = findProvider({ providerId: vendor.id })!
    if (typeof terms === 'string' || !usage) return
    const at = Date.UTC(2026, 5, 1)
    const { rates = [], serviceTiers = [] } = priceInForce(terms, at) ?? {}
    const price = parsePrice({ id: model, effectiveFromMs: '0', rates, serviceTiers })
    // The list's own reader has no levels of service.
    const { serviceTier: _serviceTier, webSearches, fileSearches, ...tokens } = usage
    const has = (unit: UsageUnit) => price.rates.some((rate) => rate.unit === unit)
    // What has no rate is not free here, but has no cost there.
    const counts: UsageCounts = {
      ...tokens,
      ...(has('web_search') && { webSearches }),
      ...(has('file_search') && { fileSearches }),
    }
    const flavors = provider.extractors?.map(({ api_flavor }) => api_flavor) ?? []
    const told = extractUsage(provider, document, flavors.includes(api.flavor) ? api.flavor : flavors[0])
    const options = { providerId: vendor.id, timestamp: new Date(at) }
    // It leaves it to others to count what is in the answer and not in its usage.
    const searches = { web_searches: counts.webSearches, storage_searches: counts.fileSearches }
    const expected = calcPrice({ ...told.usage, ...searches }, model, options)
    expect(Number(rate(counts, price)) / 1e9, JSON.stringify({ usage, told: told.usage })).toBeCloseTo(
      expected?.total_price ?? Number.NaN,
      8,
    )
    compared++
  })

  it('costs what the public price list says, in most of the recordings', (context) => {
    if (cases.length === 0) context.skip('the recordings of provider traffic are not here')
    expect(compared).toBeGreaterThan(cases.length / 2)
  })
})
