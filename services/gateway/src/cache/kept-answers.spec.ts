import { Keyring } from '@weir/secrets'
import { randomBytes } from 'node:crypto'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { IdempotentRequests } from '../idempotency/idempotent-requests.js'
import { Caller } from '../inference/caller.js'
import type { InferenceCall } from '../inference/endpoint.js'
import { noUsage } from '../inference/usage.js'
import type { KnownDeployment } from '../snapshot/known-deployment.js'
import type { KnownKey } from '../snapshot/known-keys.js'
import { cachedEnd, type CachedRequest, KeptAnswers } from './kept-answers.js'
import { ResponseCache } from './response-cache.js'

const origin = { model: 'm', providerModel: 'pm', provider: 'p', providerId: 'prov_1', usage: noUsage }
const target = {
  model: { id: 'model_1', version: 0, providerModel: 'pm', parameters: undefined },
  provider: { id: 'prov_1', type: 'openai', baseUrl: 'https://a.example', apiVersion: '', region: '' },
}

function world({ isOn = true } = {}) {
  const policy = { revision: '1', state: { revisionOf: () => policy.revision } }
  const state = { findWorkspace: () => ({ cache: { enabled: isOn, ttlS: 60 } }) }
  const keyring = new Keyring(`1:${randomBytes(32).toString('base64')}`)
  const cache = new ResponseCache(1_000_000, undefined, keyring)
  const kept = new KeptAnswers(cache, {} as IdempotentRequests, { identity: { state }, policy } as never)
  const join = { id: 'dep_1', joinIdentical: true, plugins: [] } as unknown as KnownDeployment

  /** Asks the cache, and answers like a provider where it has nothing. */
  async function ask(
    fields: { workspace?: string; control?: string; isJoined?: boolean; endpoint?: string } = {},
  ) {
    const { workspace = 'ws_1', control, isJoined = false, endpoint = 'chat' } = fields
    const key = { organization: 'org_1', workspace } as KnownKey
    const headers = control === undefined ? {} : { 'cache-control': control }
    const call = {
      endpoint: { name: endpoint },
      document: { model: 'm', messages: [] },
      headers,
    } as unknown as InferenceCall
    const deployment = isJoined ? join : undefined
    const caller = new Caller(new ServerResponse(new IncomingMessage(new Socket())), 'req_1')
    const plan = { deployment, targets: [target] } as unknown as CachedRequest['plan']
    const terms = kept.termsOf(key, plan, call)
    const found = terms && (await kept.find(terms, { key, plan, asked: call, call, caller }))
    return {
      found: found?.body.toString(),
      answer(text: string) {
        caller.noteSuccess(() => origin)
        caller.sendAnswer('application/json', text)
      },
      fail: () =>
        caller.sendError({ status: 500, code: 'x', toHeaders: () => ({}), toEnvelope: () => ({}) } as never),
    }
  }
  return { policy, ask }
}

describe('answers that are kept', () => {
  it('are given again only in their workspace and under the same policies (threat 20)', async () => {
    const { policy, ask } = world()
    ;(await ask()).answer('one')
    expect((await ask()).found).toBe('one')
    expect((await ask({ workspace: 'ws_2' })).found).toBeUndefined()
    policy.revision = '2'
    expect((await ask()).found).toBeUndefined()
    policy.revision = '1'
    expect((await ask()).found).toBe('one')
  })

  it('are none where the workspace has no cache, and none of media', async () => {
    const off = world({ isOn: false })
    ;(await off.ask()).answer('one')
    expect((await off.ask()).found).toBeUndefined()
    const { ask } = world()
    ;(await ask({ endpoint: 'speech' })).answer('one')
    expect((await ask({ endpoint: 'speech' })).found).toBeUndefined()
  })

  it('are replaced by what came with no-cache, and not by what came with no-store', async () => {
    const { ask } = world()
    ;(await ask()).answer('one')
    ;(await ask({ control: 'no-store' })).answer('two')
    expect((await ask()).found).toBe('one')
    ;(await ask({ control: 'no-cache' })).answer('three')
    expect((await ask()).found).toBe('three')
  })

  it('are none when an error went out', async () => {
    const { ask } = world()
    ;(await ask()).fail()
    expect((await ask()).found).toBeUndefined()
  })
})

describe('identical requests at the same time', () => {
  it('get the first one’s answer, also where nothing is kept', async () => {
    const { ask } = world({ isOn: false })
    const first = await ask({ isJoined: true })
    const waiting = [ask({ isJoined: true }), ask({ isJoined: true })]
    first.answer('one')
    expect((await Promise.all(waiting)).map(({ found }) => found)).toEqual(['one', 'one'])
    expect((await ask({ isJoined: true })).found).toBeUndefined()
  })

  it('go on by themselves when the first one came to nothing', async () => {
    const { ask } = world({ isOn: false })
    const first = await ask({ isJoined: true })
    const waiting = [ask({ isJoined: true }), ask({ isJoined: true })]
    first.fail()
    expect((await Promise.all(waiting)).map(({ found }) => found)).toEqual([undefined, undefined])
  })

  it('do not wait when they want a new answer', async () => {
    const { ask } = world({ isOn: false })
    await ask({ isJoined: true })
    expect((await ask({ isJoined: true, control: 'no-cache' })).found).toBeUndefined()
  })
})

describe('an answer that is given again', () => {
  it('is accounted for as read from a cache', () => {
    const usage = {
      ...noUsage,
      source: 'reported',
      inputTokens: 5,
      cachedInputTokens: 3,
      cacheWriteTokens: 2,
    } as const
    expect(cachedEnd({ ...usage, cacheWrite1hTokens: 1, outputTokens: 7 })).toMatchObject({
      ...{ outcome: 'cached', inputTokens: 0, cachedInputTokens: 11, cacheWriteTokens: 0, outputTokens: 7 },
      ...{ usageSource: 'reported', upstreamStatus: 0 },
    })
    expect(cachedEnd(usage)).not.toHaveProperty('cacheWrite1hTokens')
  })
})
