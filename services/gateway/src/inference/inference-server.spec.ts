import { AppError } from '@weir/errors'
import { createLogger } from '@weir/observability'
import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Authentication } from './authentication.js'
import { InferenceServer } from './inference-server.js'
import type { InferencePipeline } from './pipeline.js'

const logger = createLogger({ service: 'test', level: 'silent' })
let server: Server

afterEach(() => void server.close())

async function serve(pipeline: Partial<InferencePipeline>): Promise<string> {
  const inference = new InferenceServer(pipeline as InferencePipeline, logger)
  server = createServer((request, response) => void inference.take(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('InferenceServer', () => {
  it('lets a caller see why its long body was refused, though it was still sending', async () => {
    const refusal = AppError.of('request_too_large', { limit: '25 MiB' })
    const url = await serve({ serve: () => Promise.reject(refusal) })
    const call = request(`${url}/v1/chat/completions`, { method: 'POST', agent: false })
    const response = once(call, 'response')
    call.end(Buffer.alloc(40 * 1024 * 1024))
    const [reply] = (await response) as [{ statusCode: number; resume(): void }]
    reply.resume()
    expect(reply.statusCode).toBe(413)
  })

  it('refuses a model’s name that is not percent-encoded text', async () => {
    const authentication = { isForInference: () => true } as Partial<Authentication> as Authentication
    const url = await serve({ authentication })
    const reply = await fetch(`${url}/v1/models/%ff`, { headers: { authorization: 'Bearer vk_1' } })
    expect(reply.status).toBe(400)
    expect(await reply.json()).toMatchObject({ error: { code: 'invalid_request' } })
  })
})
