import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { type Attempt, waitForAttempts } from '../stack/accounting.js'
import { send, type WholeReply } from '../stack/client.js'
import type { Answer, RawUpstream, ReceivedCall } from '../stack/raw-upstream.js'
import type { Scene } from '../stack/scene.js'
import type { SharedWeir } from '../stack/weir.js'

/** Where recorded traffic lies; it need not be there. */
export const folder = fileURLToPath(new URL('../../../../../shared/recordings', import.meta.url))

/** A recorded exchange; see the README beside the recordings. */
export interface Recording<Body = unknown> {
  id: string
  request: { body: Record<string, unknown> }
  response: { status: number; headers: Record<string, string>; body?: Body; sse?: string }
  usage: Record<'input' | 'output' | 'cached' | 'cache_write' | 'reasoning', number | null>
}

/** All recordings of an API, in the words of their index; none where there are no recordings. */
export function readRecordings<Body>(wanted: 'chat.completions' | 'messages'): Recording<Body>[] {
  if (!existsSync(folder)) return []
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const index = read('index.json') as { file: string; api: string; usage: Recording['usage'] }[]
  expect(globSync('*/*.json', { cwd: folder })).toHaveLength(index.length)
  return index
    .filter(({ api }) => api === wanted)
    .map(({ file, usage }) => ({ ...(read(file) as Omit<Recording<Body>, 'usage'>), usage }))
}

/** Each with its name, for a table of tests. */
export const named = <Body>(recordings: Recording<Body>[]): [string, Recording<Body>, number][] =>
  recordings.map((recording, index) => [recording.id, recording, index])

/** Requests of recordings, each answered as it was recorded, by an upstream that plays the provider. */
export class Replay<Body = unknown> {
  private readonly recordings = new Map<string, Recording<Body>>()

  constructor(
    private readonly weir: SharedWeir,
    private readonly upstream: RawUpstream,
    private readonly scene: Scene,
    private readonly model: string,
  ) {}

  /** Sends one and gives what came back, and what the upstream was sent. */
  async send(
    recording: Recording<Body>,
    { path, request, answer }: { path: string; request: object; answer: Answer },
  ): Promise<{ reply: WholeReply; call: ReceivedCall }> {
    const before = this.upstream.calls.length
    this.upstream.answer(this.model, answer)
    const body = { ...request, model: this.model }
    const reply = await send({ url: this.weir.url, key: this.scene.key, path, body })
    this.recordings.set(String(reply.headers['x-request-id']), recording)
    const call = this.upstream.calls[before]
    if (!call) throw new Error(`The upstream was not called: ${reply.text}`)
    return { reply, call }
  }

  /** Checks that the ledger has each once, with the tokens that were recorded. */
  async expectInLedger(bucketsOf: (recording: Recording<Body>) => Partial<Attempt>): Promise<void> {
    const { recordings, scene, weir } = this
    const attempts = await waitForAttempts(weir.management, { key: scene.virtualKey.id }, recordings.size)
    expect(attempts).toHaveLength(recordings.size)
    for (const attempt of attempts) {
      const recording = recordings.get(attempt.request_id)
      if (!recording) throw new Error(`${attempt.request_id} is not one of ours.`)
      const expected = recording.response.status === 200 ? bucketsOf(recording) : { usage_source: 'none' }
      expect({ id: recording.id, ...attempt }).toMatchObject({ id: recording.id, ...expected })
    }
  }
}

/** The one test of a suite for which nothing was recorded. */
export const skipReplay = (): void =>
  void it('replays recorded traffic', (context) => context.skip(`there is no ${folder}`))
