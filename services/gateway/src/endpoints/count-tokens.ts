import { estimateInputTokens } from '../dialects/anthropic-messages/count-tokens.js'
import { readJson } from '../inference/conversation-endpoints.js'
import { type Endpoint, noOutput } from '../inference/endpoint.js'
import { anthropicEnvelope } from '../inference/error-envelope.js'
import { noUsage } from '../inference/usage.js'
import { providerTypeOf } from '../providers/provider-types.js'
import { OperationExchange } from './operation.js'

/** How many tokens a message would have: of Anthropic its own count, which costs nothing; of others an estimate. */
export const countTokens: Endpoint = {
  ...{ name: 'count_tokens', scope: 'messages', envelope: anthropicEnvelope, output: noOutput },
  read: readJson,
  answerHere({ document }, { model, provider }) {
    const type = providerTypeOf(provider, model.name)
    return type.operations.has('count_tokens') ? undefined : estimateInputTokens(document)
  },
  exchange(attempted) {
    const type = providerTypeOf(attempted.provider, attempted.model.name)
    return new OperationExchange({ name: 'count_tokens', readUsage: () => noUsage }, attempted, type)
  },
}
