import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { requestSettled, usageRated } from '@weir/contracts'
import { waitFor } from '@weir/testing'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitForAttempts } from '../stack/accounting.js'
import { chat, send } from '../stack/client.js'
import { type Answer, chunk, RawUpstream, type ReceivedCall } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { readTopic } from '../stack/topics.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

/** A provider's credential that would be known anywhere. */
const canary = `canary-${randomBytes(12).toString('hex')}`
/** What a user says, which belongs to nobody's records. */
const prompt = `prompt-${randomBytes(12).toString('hex')}`

let weir: SharedWeir
let upstream: RawUpstream
let scene: Scene
const replies: string[] = []

const said = (call: ReceivedCall) => ({
  error: {
    message: `No: ${call.request.headers.authorization}`,
    type: 'x',
    code: call.request.headers.authorization,
  },
})

/** Everything that an upstream can do to give a credential away. */
const betrayals: [string, Answer][] = [
  ['401', (call) => call.reply(401, said(call))],
  ['403', (call) => call.reply(403, said(call))],
  ['404', (call) => call.reply(404, said(call))],
  ['429', (call) => call.reply(429, said(call))],
  ['400', (call) => call.reply(400, said(call))],
  ['422', (call) => call.reply(422, said(call))],
  ['500', (call) => call.reply(500, said(call))],
  [
    '302',
    (call) => call.reply(302, '', { location: `http://127.0.0.1:1/${call.request.headers.authorization}` }),
  ],
  [
    'headers',
    (call) => call.reply(200, { choices: [] }, { 'x-echo': call.request.headers.authorization ?? '' }),
  ],
  ['not JSON', (call) => call.reply(200, `<pre>${call.request.headers.authorization}</pre>`)],
  ['cut', (call) => call.cut()],
  [
    'stream',
    async (call) => {
      call.startStream({ 'x-echo': call.request.headers.authorization ?? '' })
      await call.event(chunk('Hi'))
      call.cut()
    },
  ],
]

beforeAll(async () => {
  ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
  scene = await createScene(weir, { baseUrl: upstream.baseUrl, provider: { api_key: canary } })
  for (const [, answer] of betrayals) {
    upstream.answer(scene.model.name, answer)
    const body = chat(scene.model.name, { messages: [{ role: 'user', content: prompt }] })
    const reply = await send({ url: weir.url, key: scene.key, body })
    replies.push(JSON.stringify(reply.headers) + reply.text)
  }
  for (const path of [
    '/v1/providers',
    `/v1/providers/${scene.provider.id}`,
    '/v1/models',
    '/v1/keys',
    '/v1/requests',
  ]) {
    replies.push((await weir.management.send('GET', path)).text)
  }
  const { management } = weir
  replies.push(
    (await management.send('PATCH', `/v1/providers/${scene.provider.id}`, { api_key: canary })).text,
  )
  replies.push(
    (await management.send('POST', '/v1/providers', { api_key: canary, name: 5, type: 'openai' })).text,
  )
  replies.push(
    (await management.send('POST', '/v1/providers', { api_key: `${canary} ü`, name: 'x', type: 'openai' }))
      .text,
  )
  await waitForAttempts(weir.management, { key: scene.virtualKey.id }, betrayals.length)
})
afterAll(() => upstream.stop())

describe('a provider’s credential', () => {
  it('reaches the provider', () => {
    expect(upstream.calls).toHaveLength(betrayals.length)
    for (const call of upstream.calls) expect(call.request.headers.authorization).toBe(`Bearer ${canary}`)
  })

  it('is in no reply, whatever the provider does to give it away', () => {
    const found = betrayals.filter((_, index) => replies[index]?.includes(canary)).map(([what]) => what)
    expect(found).toEqual([])
    for (const reply of replies) expect(reply).not.toContain(canary)
  })

  it('is on no topic', async () => {
    const raw = <T>(type: { topic: string; decode(value: string): T }) => ({
      topic: type.topic,
      decode: (value: string) => ({ value, isOurs: value.includes(scene.virtualKey.id) }),
    })
    for (const type of [raw(requestSettled), raw(usageRated)]) {
      const reader = await readTopic(weir.postgresUrl, type)
      await waitFor(() => reader.events.filter(({ isOurs }) => isOurs).length >= betrayals.length)
      for (const { value } of reader.events) {
        for (const secret of [canary, scene.key, prompt]) expect(value).not.toContain(secret)
      }
      await reader.close()
    }
  })
})

describe('what Weir keeps', () => {
  it.each([
    ['a provider’s credential', () => canary],
    ['a virtual key', () => scene.key],
    ['the body of a virtual key without its prefix', () => scene.key.slice(3)],
    ['what was said', () => prompt],
  ])('has nowhere %s: no log, no table, no write-ahead log, no journal, no snapshot', async (_, secret) => {
    const database = new pg.Client({ connectionString: weir.postgresUrl })
    await database.connect()
    await database.query('CHECKPOINT')
    await database.end()
    const found = filesWith(secret())
    expect(found).toEqual([])
  })

  it('has the master key in its own file and nowhere else', () => {
    expect(filesWith(weir.masterKey)).toEqual(['secrets.json'])
  })

  it('has logs, a database and snapshots that were searched', () => {
    const files = filesOf(weir.home)
    for (const name of [
      /^logs\/gateway-1\.log$/,
      /^logs\/catalog\.log$/,
      /\/pg_wal\/[0-9A-F]{24}$/,
      /snapshot\.bin$/,
      /journal\/\d+\.log$/,
    ]) {
      expect(files.filter((file) => name.test(file))).not.toEqual([])
    }
    // The search itself works: what is no secret is found.
    expect(filesWith(scene.virtualKey.id)).not.toEqual([])
  })

  it('shows no secret in the arguments of a process', (context) => {
    if (process.platform !== 'linux')
      context.skip('arguments of processes are read from /proc, on Linux only')
    const lines = globSync('/proc/[0-9]*/cmdline').flatMap((path) => {
      try {
        return [readFileSync(path, 'utf8')]
      } catch {
        // It has ended since.
        return []
      }
    })
    expect(lines.filter((line) => line.includes('dist/main.js')).length).toBeGreaterThanOrEqual(6)
    const kept = JSON.parse(readFileSync(join(weir.home, 'secrets.json'), 'utf8')) as Record<string, string>
    for (const secret of [canary, scene.key, weir.masterKey, ...Object.values(kept)]) {
      expect(lines.filter((line) => line.includes(secret))).toEqual([])
    }
  })

  it('is closed to other users', () => {
    for (const file of ['.', 'secrets.json', 'logs', 'gateway-1']) {
      const { mode } = statSync(join(weir.home, file))
      expect({ file, others: mode & 0o077 }).toEqual({ file, others: 0 })
    }
  })
})

/** Files of the instance's folder that contain a text, in UTF-8 or UTF-16. */
function filesWith(text: string): string[] {
  const needles = [
    Buffer.from(text),
    Buffer.from(
      Buffer.from(text)
        .toString('base64')
        .replace(/.?.?=*$/, ''),
    ),
  ]
  return filesOf(weir.home).filter((file) => {
    const content = contentOf(join(weir.home, file))
    return needles.some((needle) => content.includes(needle))
  })
}

/** Empty for a file that was taken away since it was listed. */
function contentOf(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

function filesOf(folder: string): string[] {
  return globSync('**/*', { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
}
