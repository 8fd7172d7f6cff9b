import { createLogger } from '@weir/observability'
import { Keyring } from '@weir/secrets'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RecordedReply } from '../cache/recorded-reply.js'
import { SharedStore } from '../cache/shared-store.js'
import { noUsage } from '../inference/usage.js'
import { sharedStoreProgram, SharedStoreServer } from '../testing/shared-store-server.js'
import {
  type FirstRequest,
  IdempotentRequests,
  type RepeatedRequest,
  toIdempotencyKey,
} from './idempotent-requests.js'

const logger = createLogger({ service: 'test', level: 'silent' })
const keyring = new Keyring(`1:${randomBytes(32).toString('base64')}`)
const origin = { model: 'm', providerModel: 'pm', provider: 'p', providerId: 'prov_1', usage: noUsage }

const answer = (text: string): RecordedReply => ({
  ...{ contentType: 'application/json', isStream: false, recordedAtMs: Date.now(), origin },
  body: Buffer.from(text),
})

const request = (fields: Partial<Parameters<IdempotentRequests['begin']>[0]> = {}) => ({
  ...{
    asker: ['org_1', 'ws_1', 'key_1'],
    endpoint: 'chat',
    idempotencyKey: 'one',
    body: Buffer.from('{"a":1}'),
  },
  isGone: () => false,
  ...fields,
})

function first(begun: FirstRequest | RepeatedRequest): FirstRequest {
  if (begun.kind !== 'first') throw new Error('It was answered before.')
  return begun
}

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'weir-idempotency-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const open = (idempotencyBytes = 1_000_000, shared?: SharedStore) =>
  new IdempotentRequests({ dataDir, idempotencyBytes }, shared, keyring, logger)

describe('requests with an Idempotency-Key', () => {
  it('have one call and one answer, at once and later', async () => {
    const requests = open()
    const begun = first(await requests.begin(request()))
    const waiting = [1, 2, 3].map(() => requests.begin(request()))
    begun.done(answer('yes'))
    for (const other of [...(await Promise.all(waiting)), await requests.begin(request())]) {
      expect(other).toMatchObject({ kind: 'repeated', reply: { body: Buffer.from('yes') } })
    }
    await requests.close()
    expect(await requests.begin(request())).toMatchObject({ kind: 'repeated' })
  })

  it('are refused with another body, while the first is under way and afterwards', async () => {
    const requests = open()
    const begun = first(await requests.begin(request()))
    const other = request({ body: Buffer.from('{"a":2}') })
    await expect(requests.begin(other)).rejects.toMatchObject({ code: 'idempotency_conflict', status: 422 })
    begun.done(answer('yes'))
    await requests.close()
    await expect(requests.begin(other)).rejects.toMatchObject({ code: 'idempotency_conflict' })
    expect(await requests.begin(request())).toMatchObject({ kind: 'repeated' })
  })

  it('are tried again when nothing came of the first, one at a time', async () => {
    const requests = open()
    const begun = first(await requests.begin(request()))
    const waiting = requests.begin(request())
    begun.done(undefined)
    first(await waiting).done(answer('yes'))
    expect(await requests.begin(request())).toMatchObject({ kind: 'repeated' })
    await requests.close()
  })

  it('are told apart by workspace, virtual key, endpoint and key', async () => {
    const requests = open()
    first(await requests.begin(request())).done(answer('yes'))
    for (const fields of [
      { asker: ['org_1', 'ws_1', 'key_2'] },
      { asker: ['org_1', 'ws_2', 'key_1'] },
      { endpoint: 'messages' },
      { idempotencyKey: 'two' },
    ]) {
      first(await requests.begin(request(fields))).done(undefined)
    }
    await requests.close()
  })

  it('have their answer after a restart too, and nobody reads it on the disk', async () => {
    const before = open()
    first(await before.begin(request())).done(answer('a secret answer'))
    await before.close()
    const folder = join(dataDir, 'idempotency')
    const [name = ''] = readdirSync(folder)
    expect(readFileSync(join(folder, name)).includes('secret')).toBe(false)
    writeFileSync(join(folder, `${'0'.repeat(64)}.new`), 'half')
    const after = open()
    expect(readdirSync(folder)).toEqual([name])
    expect(await after.begin(request())).toMatchObject({
      kind: 'repeated',
      reply: { body: Buffer.from('a secret answer') },
    })
  })

  it('are new after a day', async () => {
    const before = open()
    const dayAgoMs = Date.now() - 25 * 60 * 60 * 1_000
    first(await before.begin(request())).done({ ...answer('old'), recordedAtMs: dayAgoMs })
    await before.close()
    const folder = join(dataDir, 'idempotency')
    for (const name of readdirSync(folder)) utimesSync(join(folder, name), dayAgoMs / 1_000, dayAgoMs / 1_000)
    first(await open().begin(request())).done(undefined)
    expect(readdirSync(folder)).toEqual([])
  })

  it('take no more of the disk than they may', async () => {
    const requests = open(50_000)
    for (let at = 0; at < 20; at++) {
      first(await requests.begin(request({ idempotencyKey: `k${at}` }))).done(answer('x'.repeat(5_000)))
      await requests.close()
    }
    expect(readdirSync(join(dataDir, 'idempotency')).length).toBeLessThanOrEqual(6)
    expect(await requests.begin(request({ idempotencyKey: 'k19' }))).toMatchObject({ kind: 'repeated' })
    first(await requests.begin(request({ idempotencyKey: 'k0' }))).done(undefined)
  })

  it.each(['', 'a b', 'x'.repeat(256), 'é'])('refuse the key %j', (key) =>
    expect(() => toIdempotencyKey(key)).toThrow('Idempotency-Key'),
  )

  it('may be without one', () => {
    expect(toIdempotencyKey(undefined)).toBeUndefined()
    expect(toIdempotencyKey('2f6c-1')).toBe('2f6c-1')
  })
})

describe.skipIf(!sharedStoreProgram)('over several gateways (a server of Valkey or Redis is needed)', () => {
  let server: SharedStoreServer
  const stores: SharedStore[] = []
  const folders: string[] = []

  beforeEach(async () => {
    server = await SharedStoreServer.start()
  })
  afterEach(async () => {
    for (const store of stores.splice(0)) store.close()
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
    await server.stop()
  })

  async function gateway(): Promise<IdempotentRequests> {
    const store = new SharedStore(server.url, logger)
    stores.push(store)
    while ((await store.claim(`probe-${Math.random()}`, 'x', 10)) !== true) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    const folder = mkdtempSync(join(tmpdir(), 'weir-idempotency-'))
    folders.push(folder)
    return new IdempotentRequests({ dataDir: folder, idempotencyBytes: 1_000_000 }, store, keyring, logger)
  }

  it('the same request has one call, also at the same time', async () => {
    const gateways = await Promise.all([gateway(), gateway(), gateway()])
    let calls = 0
    const carry = async (at: number): Promise<string> => {
      const begun = await (gateways[at % 3] as IdempotentRequests).begin(request())
      if (begun.kind === 'repeated') return begun.reply.body.toString()
      calls++
      await new Promise((resolve) => setTimeout(resolve, 150))
      begun.done(answer('once'))
      return 'once'
    }
    expect(await Promise.all([0, 1, 2, 3, 4, 5].map(carry))).toEqual(Array(6).fill('once'))
    expect(calls).toBe(1)
    const other = request({ body: Buffer.from('{}') })
    for (const each of gateways) {
      await expect(each.begin(other)).rejects.toMatchObject({ code: 'idempotency_conflict' })
    }
    await Promise.all(gateways.map((each) => each.close()))
  })

  it('another gateway makes the call when nothing came of the first', async () => {
    const [here, there] = [await gateway(), await gateway()]
    const begun = first(await here.begin(request()))
    const waiting = there.begin(request())
    begun.done(undefined)
    first(await waiting).done(answer('yes'))
    await there.close()
    expect(await here.begin(request())).toMatchObject({ kind: 'repeated' })
  })
})
