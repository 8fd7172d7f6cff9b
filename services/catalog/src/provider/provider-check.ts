import { AppError } from '@weir/errors'
import {
  type AddressPolicy,
  findForbiddenLiteral,
  forbiddenAddressCode,
  guardedLookup,
} from '@weir/upstream-address'
import { Agent, request } from 'undici'
import { type CallableProvider, readModelIds, toListedId, toModelsRequest } from './models-request.js'
import type { Provider } from './provider.entity.js'

export const checkNames = ['endpoint', 'credentials', 'model', 'latency'] as const

/** What one check has found. */
export interface CheckResult {
  check: (typeof checkNames)[number]
  /** `warning`: it works, and may not be what was meant; `skipped`: it could not be found out. */
  status: 'passed' | 'warning' | 'failed' | 'skipped'
  /** For people. Never what the address has answered: it may be somebody else's. */
  message: string
}

/** What has been found out about a provider. */
export interface Verdict {
  checks: CheckResult[]
  /** Up to the whole answer, milliseconds; undefined: there was none. */
  latencyMs: number | undefined
}

/** A provider and what has been found out about it. */
export interface CheckedProvider {
  provider: Provider
  verdict: Verdict
}

interface CheckOptions {
  policy: AddressPolicy
  /** After which the provider counts as one that does not answer. */
  timeoutMs: number
  /** What the provider calls the models that are looked for in its list. */
  models: readonly string[]
}

/** What came back from the address. */
type Answer = { status: number; body: unknown; latencyMs: number } | { failure: string }

const maxAnswerBytes = 8 * 1_024 * 1_024
const slowMs = 3_000

/** Each holds a connection: who tries many addresses at once waits. */
const mostAtOnce = 8
let runningCount = 0

/**
 * Asks a provider for the list of its models, once: redirects are not followed, only addresses that
 * gateways may call are called, and the answer is bounded in time and size.
 */
export async function checkProvider(provider: CallableProvider, options: CheckOptions): Promise<Verdict> {
  if (provider.type === 'sandbox') return sandboxVerdict()
  if (runningCount >= mostAtOnce) {
    const reason = 'Many providers are being checked now. Try again in a few seconds.'
    throw AppError.of('service_unavailable', { reason }, { retryAfterS: 5 })
  }
  runningCount++
  try {
    return judge(provider, await ask(provider, options), options.models)
  } finally {
    runningCount--
  }
}

async function ask(provider: CallableProvider, { policy, timeoutMs }: CheckOptions): Promise<Answer> {
  const { url, headers } = toModelsRequest(provider)
  const forbidden = findForbiddenLiteral(policy, new URL(url))
  if (forbidden) return { failure: toReason(forbidden, timeoutMs) }
  const agent = new Agent({
    connect: { lookup: guardedLookup(policy), timeout: timeoutMs },
    maxResponseSize: maxAnswerBytes,
  })
  const startedAt = performance.now()
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await request(url, { dispatcher: agent, signal, headers })
    const text = await response.body.text()
    return { status: response.statusCode, body: parse(text), latencyMs: performance.now() - startedAt }
  } catch (error) {
    return { failure: toReason(error, timeoutMs) }
  } finally {
    await agent.destroy()
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const reasons: Readonly<Record<string, string>> = {
  [forbiddenAddressCode]:
    'It points to a private or local address, which is not among those that the operator allows (WEIR_UPSTREAM_ALLOW).',
  ENOTFOUND: 'There is no host of that name. Check base_url.',
  EAI_AGAIN: 'The name of the host cannot be looked up now. Check base_url and the name servers.',
  ECONNREFUSED: 'Nothing listens there. Check the host and the port in base_url.',
  ECONNRESET: 'It broke the connection off. Check whether base_url must begin with https://.',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'It answers with more than a list of models can be.',
}

function toReason(error: unknown, timeoutMs: number): string {
  const { code, name } = error as { code?: unknown; name?: unknown }
  if (name === 'TimeoutError' || /TIMEOUT|TIMEDOUT/.test(String(code))) {
    return `It did not answer within ${timeoutMs / 1000} s. Check base_url, and whether this host may reach it.`
  }
  const known = typeof code === 'string' ? reasons[code] : undefined
  return known ?? `It cannot be called${typeof code === 'string' ? ` (${code})` : ''}. Check base_url.`
}

function judge(provider: CallableProvider, answer: Answer, models: readonly string[]): Verdict {
  if ('failure' in answer) {
    const skipped = (check: CheckResult['check']): CheckResult => ({
      ...{ check, status: 'skipped', message: 'The endpoint did not answer.' },
    })
    const endpoint: CheckResult = { check: 'endpoint', status: 'failed', message: answer.failure }
    return {
      checks: [endpoint, skipped('credentials'), skipped('model'), skipped('latency')],
      latencyMs: undefined,
    }
  }
  const listed = answer.status === 200 ? readModelIds(answer.body) : undefined
  return {
    checks: [
      { check: 'endpoint', ...judgeEndpoint(provider, answer.status, listed) },
      { check: 'credentials', ...judgeCredentials(provider, answer.status, listed) },
      { check: 'model', ...judgeModels(provider, listed, models) },
      { check: 'latency', ...judgeLatency(answer.latencyMs) },
    ],
    latencyMs: Math.round(answer.latencyMs),
  }
}

type Finding = Omit<CheckResult, 'check'>

function judgeEndpoint({ type }: CallableProvider, status: number, listed: string[] | undefined): Finding {
  if (listed) return { status: 'passed', message: 'It answers.' }
  if (status === 401 || status === 403 || status === 429) {
    return { status: 'passed', message: `It answers, with status ${status}.` }
  }
  if (status >= 300 && status < 400) {
    const message = 'It answers with a redirect, which is not followed. Set base_url to where it leads.'
    return { status: 'failed', message }
  }
  // Some servers that are otherwise compatible list nothing.
  if (type === 'openai_compatible' && (status === 404 || status === 405)) {
    const message = `It answers with status ${status} when it is asked for its models. Check base_url, which has the version prefix, unless it has no such list.`
    return { status: 'warning', message }
  }
  if (status === 200) {
    return { status: 'failed', message: `It does not answer as type ${type} does. Check type and base_url.` }
  }
  const message = `It answers with status ${status} when it is asked for its models. Check base_url.`
  return { status: 'failed', message }
}

function judgeCredentials(
  { type, credential }: CallableProvider,
  status: number,
  listed: string[] | undefined,
): Finding {
  if (credential === undefined && type !== 'openai_compatible') {
    return { status: 'failed', message: 'There is none. Set api_key.' }
  }
  if (status === 401 || status === 403) {
    const message = `The provider refuses it, with status ${status}. Check api_key and what it may do.`
    return {
      status: 'failed',
      message: credential === undefined ? 'There is none, and one is needed.' : message,
    }
  }
  if (!listed) return { status: 'skipped', message: 'The provider did not say.' }
  const message = credential === undefined ? 'None is needed.' : 'The provider takes it.'
  return { status: 'passed', message }
}

function judgeModels(
  { type }: CallableProvider,
  listed: string[] | undefined,
  models: readonly string[],
): Finding {
  if (!listed) return { status: 'skipped', message: 'There is no list of models.' }
  if (type === 'azure_openai') {
    return { status: 'skipped', message: 'Azure does not list its deployments to this credential.' }
  }
  if (listed.length === 0) return { status: 'failed', message: 'The provider lists no model.' }
  const ids = new Set(listed)
  const missing = models.filter((model) => {
    const id = toListedId(type, model)
    return id !== undefined && !ids.has(id)
  })
  const count = `The provider lists ${listed.length} models`
  if (missing.length === 0) {
    const found = models.length > 0 ? `, among them ${models.slice(0, 10).join(', ')}` : ''
    return { status: 'passed', message: `${count}${found}.` }
  }
  return { status: 'failed', message: `${count}, but not ${missing.slice(0, 10).join(', ')}.` }
}

function judgeLatency(latencyMs: number): Finding {
  const message = `The list of models took ${Math.round(latencyMs)} ms.`
  return { status: latencyMs > slowMs ? 'warning' : 'passed', message }
}

function sandboxVerdict(): Verdict {
  const message = 'A sandbox answers inside the gateway.'
  return { checks: checkNames.map((check) => ({ check, status: 'passed', message })), latencyMs: 0 }
}
