import type { UsageUnit } from '@weir/rating'
import type { IncomingHttpHeaders } from 'node:http'
import type { AttemptedCall, Endpoint } from '../inference/endpoint.js'

/** An attempt of a model that is sold by some units, each of which costs a dollar a million. */
export function attemptedCall(
  endpoint: Endpoint,
  sent: object | { body: Buffer; contentType: string },
  { type = 'openai', soldBy = ['input', 'output'] }: { type?: string; soldBy?: readonly UsageUnit[] } = {},
): AttemptedCall {
  const isRaw = 'contentType' in sent && 'body' in sent
  const body = isRaw ? sent.body : Buffer.from(JSON.stringify({ model: 'public-name', ...sent }))
  const headers: IncomingHttpHeaders = { 'content-type': isRaw ? sent.contentType : 'application/json' }
  const document = endpoint.read(body, headers)
  const rates = soldBy.map((unit) => ({ unit, nanoUsdPerMillion: 1_000_000_000n, aboveInputTokens: 0n }))
  return {
    call: { endpoint, document, body, headers },
    document,
    model: {
      ...{ id: 'model_1', organization: 'org_1', name: 'public-name', provider: 'prov_1', free: false },
      ...{ providerModel: 'vendor-name', prices: [{ id: 'price_1', effectiveFromMs: 0, rates }], created: 0 },
      ...{ maxOutputTokens: 0, version: 0, parameters: undefined, versions: [] },
    },
    provider: {
      ...{ id: 'prov_1', organization: 'org_1', name: 'vendor', type, workspace: '', hasCredential: true },
      ...{ baseUrl: 'http://vendor.test/v1', apiVersion: '', region: '', authorization: 'Bearer secret' },
      ...{ credential: { kind: 'key', key: 'secret' }, credentialId: 'cred_1' },
    },
    attemptId: '00000000-0000-7000-8000-000000000000',
  }
}
