import { Keyring } from '@weir/secrets'
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { noUsage } from '../inference/usage.js'
import { toCacheWishes } from './cache-control.js'
import { JoinedCalls } from './joined-calls.js'
import { MemoryCache } from './memory-cache.js'
import { type RecordedReply, sealReply, unsealReply } from './recorded-reply.js'
import { ReplyRecorder } from './reply-recorder.js'
import { cacheTermsOf, ResponseCache } from './response-cache.js'

const origin = { model: 'm', providerModel: 'pm', provider: 'p', providerId: 'prov_1', usage: noUsage }

const reply = (size: number, recordedAtMs = Date.now()): RecordedReply => ({
  ...{
    contentType: 'application/json',
    isStream: false,
    body: Buffer.alloc(size, 'x'),
    recordedAtMs,
    origin,
  },
})

const keyring = () => new Keyring(`1:${randomBytes(32).toString('base64')}`)

describe('answers in memory', () => {
  it('take no more bytes than they may, and the longest unasked goes first', () => {
    const cache = new MemoryCache(100_000)
    for (let at = 0; at < 10; at++) cache.set(`k${at}`, reply(9_000), Date.now() + 1_000)
    expect(cache.bytes).toBeLessThanOrEqual(100_000)
    expect(cache.get('k0', Date.now())).toBeUndefined()
    expect(cache.get('k1', Date.now())).toBeDefined()
    cache.set('k10', reply(9_000), Date.now() + 1_000)
    expect(cache.get('k2', Date.now())).toBeUndefined()
    expect(cache.get('k1', Date.now())).toBeDefined()
  })

  it('are gone at their time, with their bytes', () => {
    const cache = new MemoryCache(100_000)
    cache.set('k', reply(10), 1_000)
    expect(cache.get('k', 999)).toBeDefined()
    expect(cache.get('k', 1_000)).toBeUndefined()
    expect(cache.bytes).toBe(0)
  })

  it('are not kept when one alone would take too much', () => {
    const cache = new MemoryCache(100_000)
    cache.set('k', reply(50_000), Date.now() + 1_000)
    expect(cache.get('k', Date.now())).toBeUndefined()
    expect(cache.bytes).toBe(0)
  })
})

describe('the response cache', () => {
  const terms = { ttlMs: 60_000, joinsIdentical: false }

  it('gives nothing that is older than its terms or its caller allow', () => {
    const cache = new ResponseCache(100_000, undefined, keyring())
    cache.keep('k', reply(10, Date.now() - 5_000), terms)
    expect(cache.find('k', terms, toCacheWishes(undefined))).toBeDefined()
    expect(cache.find('k', terms, toCacheWishes('max-age=4'))).toBeUndefined()
    expect(cache.find('k', terms, toCacheWishes('max-age=9'))).toBeDefined()
    expect(cache.find('k', { ...terms, ttlMs: 4_000 }, toCacheWishes(undefined))).toBeUndefined()
    expect(cache.find('k', terms, toCacheWishes('no-cache'))).toBeUndefined()
    expect(cache.find('k', terms, toCacheWishes('no-store'))).toBeUndefined()
  })

  it('is on as the deployment says, else as the workspace says', () => {
    const workspace = { cache: { enabled: true, ttlS: 30 } }
    const off = { cache: { enabled: false, ttlS: 30 } }
    const own = (cache: { enabled: boolean; ttlS: number } | undefined) => ({ cache, joinIdentical: false })
    expect(cacheTermsOf(undefined, undefined)).toBeUndefined()
    expect(cacheTermsOf(off, undefined)).toBeUndefined()
    expect(cacheTermsOf(workspace, undefined)).toEqual({ ttlMs: 30_000, joinsIdentical: false })
    expect(cacheTermsOf(workspace, own({ enabled: false, ttlS: 0 }))).toBeUndefined()
    expect(cacheTermsOf(off, own({ enabled: true, ttlS: 0 }))?.ttlMs).toBe(30_000)
    expect(cacheTermsOf(off, own({ enabled: true, ttlS: 5 }))?.ttlMs).toBe(5_000)
    expect(cacheTermsOf(off, { cache: undefined, joinIdentical: true })).toEqual({
      ttlMs: 0,
      joinsIdentical: true,
    })
  })
})

describe('what a caller allows', () => {
  it.each([
    [undefined, true, true],
    ['no-store', false, false],
    ['No-Cache', false, true],
    ['max-age=0, no-cache', false, true],
    ['private', true, true],
  ])('by %j', (header, mayRead, mayStore) => {
    expect(toCacheWishes(header)).toMatchObject({ mayRead, mayStore })
  })
})

describe('an answer outside of the process', () => {
  it('comes back as it was, and can neither be read nor moved without the keys', () => {
    const keys = keyring()
    const kept = { ...reply(0), body: Buffer.from('{"a":"sëcret"}') }
    const sealed = sealReply(kept, keys, 'weir:cache:k', 'print')
    expect(sealed.includes('cret')).toBe(false)
    expect(unsealReply(sealed, keys, 'weir:cache:k')).toEqual({ reply: kept, extra: 'print' })
    expect(() => unsealReply(sealed, keys, 'weir:cache:other')).toThrow()
    expect(() => unsealReply(sealed, keyring(), 'weir:cache:k')).toThrow()
    expect(() => unsealReply(Buffer.alloc(3), keys, 'weir:cache:k')).toThrow()
  })
})

describe('a reply on its way out', () => {
  function recorder(maxBytes = 1_000) {
    const heard: (RecordedReply | undefined)[] = []
    return { heard, recorder: new ReplyRecorder(maxBytes, (record) => heard.push(record)) }
  }

  it('is noted when it is whole', () => {
    const { heard, recorder: noting } = recorder()
    noting.noteSuccess(origin)
    noting.push(Buffer.from('data: a\n\n'))
    noting.endStream('text/event-stream', 'data: [DONE]\n\n')
    expect(heard).toMatchObject([
      { isStream: true, body: Buffer.from('data: a\n\ndata: [DONE]\n\n'), origin },
    ])
  })

  it('is not noted when its attempt did not succeed (threat 20)', () => {
    const { heard, recorder: noting } = recorder()
    noting.push(Buffer.from('data: a\n\n'))
    noting.endStream('text/event-stream', 'data: {"error":{}}\n\n')
    expect(heard).toEqual([undefined])
  })

  it('is not noted when it was cut, is too long, or its caller left; and that is heard once', () => {
    for (const end of [
      (noting: ReplyRecorder) => noting.drop(),
      (noting: ReplyRecorder) => noting.push(Buffer.alloc(2_000)),
    ]) {
      const { heard, recorder: noting } = recorder()
      noting.noteSuccess(origin)
      noting.push(Buffer.from('data: a\n\n'))
      end(noting)
      noting.endStream('text/event-stream', '')
      expect(heard).toEqual([undefined])
    }
  })
})

describe('identical calls', () => {
  it('wait for the first, and after its end there is a first again', async () => {
    const calls = new JoinedCalls()
    const first = calls.join('k')
    const second = calls.join('k')
    if (first.kind !== 'lead' || second.kind !== 'follow') throw new Error('not joined')
    const kept = reply(1)
    first.done(kept)
    expect(await second.reply).toBe(kept)
    expect(calls.join('k').kind).toBe('lead')
    expect(calls.join('other').kind).toBe('lead')
  })
})
