import { signCall } from '@weir/aws-signature'
import { bearer } from './openai.js'
import type { Operation, ProviderType } from './provider-type.js'

/** Amazon Bedrock's Converse. A credential of one text is one of its API keys, else calls are signed. */
export const bedrock: ProviderType = {
  dialects: ['bedrock-converse'],
  operations: new Set<Operation>(),
  pathOf: (_operation, _provider, model, streams) =>
    `/model/${encodeURIComponent(model)}/${streams ? 'converse-stream' : 'converse'}`,
  // What lists the models is another host, and a role that may call them may not list them.
  checkPath: () => '/',
  checksCredential: false,
  authorise(call, provider) {
    const { credential, region, baseUrl } = provider
    if (credential?.kind !== 'aws') return bearer(call, provider)
    const { host, pathname } = new URL(baseUrl)
    const path = pathname === '/' ? call.path : pathname + call.path
    const headers = { 'content-type': call.headers['content-type'] ?? '' }
    const signed = signCall(
      { method: 'POST', host, path, headers, body: call.body },
      { credential, region, service: 'bedrock' },
    )
    Object.assign(call.headers, signed)
  },
}
