import type { WebhookSettings } from '@weir/plugin-settings'
import { AppError } from '@weir/errors'
import { createHmac, randomUUID } from 'node:crypto'
import { asObject, parseObject } from '../conversation/json.js'
import type { RequestDocument } from '../inference/endpoint.js'
import { definePlugin } from './plugin.js'

/** What an address says of a request or an answer. */
type Verdict =
  { action: 'allow' } | { action: 'block'; reason: string } | { action: 'replace'; document: RequestDocument }

/** Asks an address before a request, before an answer goes out, or both. */
export const webhook = definePlugin<WebhookSettings>({
  name: 'webhook',
  create(settings, services) {
    const { url, timeout_ms: timeoutMs, on_failure: onFailure, events = ['request', 'response'] } = settings
    const secret = services.unseal(settings.secret)

    async function ask(event: 'request' | 'response', content: Record<string, unknown>): Promise<Verdict> {
      const body = JSON.stringify({ event, id: randomUUID(), ...content })
      const headers = { 'content-type': 'application/json', ...signatureOf(secret, body, Date.now()) }
      try {
        const answer = await services.post({ url, headers, body, timeoutMs })
        if (answer.status === 204) return { action: 'allow' }
        if (answer.status !== 200) throw new Error(`It answered with status ${answer.status}.`)
        return toVerdict(answer.body)
      } catch (error) {
        if (onFailure === 'open') return { action: 'allow' }
        const reason = `A webhook of this deployment must agree to each ${event}, and cannot be asked now. Try again in a few seconds.`
        throw AppError.of('service_unavailable', { reason }, { retryAfterS: 1, cause: error })
      }
    }

    const refuse = (reason: string): never => {
      throw AppError.of('policy_violation', { policy: 'webhook', reason })
    }

    return {
      ...(events.includes('request') && {
        async request(request) {
          const { endpoint, deployment, requestId, document } = request
          const verdict = await ask('request', { endpoint, deployment, request_id: requestId, document })
          if (verdict.action === 'block') refuse(verdict.reason)
          // Who is asked for what has been decided, and cannot be changed any more.
          if (verdict.action === 'replace') {
            const { model, stream } = document
            request.document = { ...verdict.document, model, ...(stream !== undefined && { stream }) }
          }
        },
      }),
      ...(events.includes('response') && {
        async response({ endpoint, deployment, requestId, document, texts }) {
          const content = { endpoint, deployment, request_id: requestId, document: document ?? null, texts }
          const verdict = await ask('response', content)
          if (verdict.action === 'block') refuse(verdict.reason)
          if (verdict.action === 'replace' && document) {
            for (const name of Object.keys(document)) if (!(name in verdict.document)) delete document[name]
            Object.assign(document, verdict.document)
          }
        },
      }),
    }
  },
})

/** `t` is seconds since 1970; `v1` the HMAC-SHA-256 of it, a dot and the body. Older than a few minutes: sent again by somebody. */
export function signatureOf(secret: string, body: string, nowMs: number): Record<string, string> {
  const time = String(Math.floor(nowMs / 1_000))
  const signature = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')
  return { 'x-weir-timestamp': time, 'x-weir-signature': `v1=${signature}` }
}

function toVerdict(text: string): Verdict {
  const said = parseObject(text)
  const document = asObject(said?.['document'])
  if (said?.['action'] === 'allow') return { action: 'allow' }
  if (said?.['action'] === 'replace' && document)
    return { action: 'replace', document: document as RequestDocument }
  if (said?.['action'] !== 'block')
    throw new Error('It answered something else than {"action":"allow"}, "block" or "replace".')
  const { reason } = said
  return {
    action: 'block',
    reason:
      typeof reason === 'string' && reason !== '' ? reason.slice(0, 1_000) : 'the webhook did not say why',
  }
}
