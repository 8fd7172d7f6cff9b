import { bearer } from './openai.js'
import type { Operation, ProviderType } from './provider-type.js'

/** Amazon Bedrock's Converse. A credential of one text is one of its API keys. */
export const bedrock: ProviderType = {
  dialects: ['bedrock-converse'],
  operations: new Set<Operation>(),
  pathOf: (_operation, _provider, model, streams) =>
    `/model/${encodeURIComponent(model)}/${streams ? 'converse-stream' : 'converse'}`,
  authorise: bearer,
}
