import { describe, expect, it } from 'vitest'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Caller } from '../inference/caller.js'
import type { EndpointName } from '../inference/endpoint.js'
import type { Plugin, PluginReply } from './plugin.js'
import { ReplyFilter } from './reply-filter.js'

const sound = Buffer.from([0x49, 0x44, 0x33, 0xff, 0x0a, 0x0a, 0x80, 0x00])

const filterOf = (endpoint: EndpointName, plugin: Plugin) =>
  new ReplyFilter({ endpoint, deployment: 'd', requestId: 'req_1' }, [{ plugin, state: undefined }])

/** What a caller gets of an answer of speech that comes in two pieces. */
async function heard(filter: ReplyFilter): Promise<{ bytes: Buffer; isCut: boolean }> {
  const response = new ServerResponse(new IncomingMessage(new Socket()))
  const parts: Buffer[] = []
  const note = (part: unknown) => {
    if (part !== undefined && part !== '') parts.push(Buffer.from(part as Buffer))
    return true
  }
  response.write = note as never
  const ended = new Promise<boolean>((resolve) => {
    response.end = ((part: unknown) => {
      note(part)
      resolve(false)
    }) as never
    response.destroy = (() => resolve(true)) as never
  })
  const caller = new Caller(response, 'req_1')
  caller.filter = filter
  caller.startStream('audio/mpeg')
  caller.write(sound.subarray(0, 5))
  caller.write(sound.subarray(5))
  caller.endStream('')
  const isCut = await ended
  return { bytes: Buffer.concat(parts), isCut }
}

describe('an answer that is no text', () => {
  it('goes on as it is where plugins change texts', async () => {
    const cap: Plugin = { text: () => ({ push: () => '', end: () => '' }), chunk: () => undefined }
    expect(await heard(filterOf('speech', cap))).toEqual({ bytes: sound, isCut: false })
  })

  it('is held back for a plugin that must agree to it', async () => {
    const asked: PluginReply[] = []
    const agreeing: Plugin = { response: (reply) => void asked.push(reply) }
    expect(await heard(filterOf('speech', agreeing))).toEqual({ bytes: sound, isCut: false })
    expect(asked).toMatchObject([{ endpoint: 'speech', document: undefined, texts: [] }])
    const refusing: Plugin = { response: () => Promise.reject(new Error('no')) }
    expect(await heard(filterOf('speech', refusing))).toEqual({ bytes: Buffer.alloc(0), isCut: true })
  })

  it('is asked about too where it is a text and no JSON', async () => {
    const asked: PluginReply[] = []
    const agreeing: Plugin = { response: (reply) => void asked.push(reply) }
    expect(await filterOf('transcriptions', agreeing).whole('hello')).toBe('hello')
    expect(asked).toMatchObject([{ document: undefined, texts: ['hello'] }])
    const refusing: Plugin = { response: () => Promise.reject(new Error('no')) }
    await expect(filterOf('transcriptions', refusing).whole('hello')).rejects.toThrow('no')
  })
})
