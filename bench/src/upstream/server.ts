import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { MessageParser, type MessageHandler } from '../http/message-parser.js'
import { jsonReply, plainReply, streamHead, streamParts, upstreamKey, upstreamModel } from './chat.js'

/** What the upstream saw since its start: the other half of the load generator's count. */
export interface UpstreamStats {
  requests: number
  streams: number
  /** Requests with the wrong path, key, model or body, each refused. */
  refused: number
  /** Clients that left in the middle of a reply. */
  hangUps: number
}

/** A mock of an OpenAI-compatible provider that takes no time to think. */
export interface Upstream {
  /** Up to and with /v1. */
  baseUrl: string
  stats: UpstreamStats
  /** Milliseconds between the chunks of streams that start from now on; 0 sends all of them at once, each in its own write. */
  paceMs: number
  close(): Promise<void>
}

const plain = plainReply()
const parts = streamParts()
const authorization = `authorization: bearer ${upstreamKey}`
const modelField = `"model":"${upstreamModel}"`

export async function startUpstream(): Promise<Upstream> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serve(socket, upstream)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const upstream: Upstream = {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    stats: { requests: 0, streams: 0, refused: 0, hangUps: 0 },
    paceMs: 0,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return upstream
}

function serve(socket: Socket, upstream: Upstream): void {
  const { stats } = upstream
  let head = ''
  let body: Buffer[] = []
  const handler: MessageHandler = {
    onHead: (text) => {
      head = text
    },
    onBody: (bytes, start, end) => {
      body.push(bytes.subarray(start, end))
    },
    onEnd: () => {
      const request = body.length === 1 ? body[0]! : Buffer.concat(body)
      body = []
      const refusal = refuse(head, request)
      if (refusal !== undefined) {
        stats.refused++
        socket.write(refusal)
        return
      }
      stats.requests++
      if (request.includes('"stream":true')) {
        stats.streams++
        stream(socket, upstream)
      } else socket.write(plain)
    },
  }
  const parser = new MessageParser('request', handler)
  socket.on('data', (bytes: Buffer) => {
    try {
      parser.push(bytes)
    } catch {
      socket.destroy()
    }
  })
  // A reset by the client is a hang-up, and counted as one where it cuts a reply.
  socket.on('error', () => undefined)
}

function refuse(head: string, body: Buffer): Buffer | undefined {
  const error = (status: string, message: string): Buffer =>
    jsonReply(status, JSON.stringify({ error: { message } }))
  if (!head.startsWith('POST /v1/chat/completions ')) return error('404 Not Found', 'no such path')
  if (!head.toLowerCase().includes(authorization)) return error('401 Unauthorized', 'wrong key')
  if (!body.includes(modelField)) return error('404 Not Found', 'wrong model')
  return undefined
}

function stream(socket: Socket, upstream: Upstream): void {
  const { paceMs, stats } = upstream
  socket.write(streamHead)
  if (paceMs === 0) {
    for (const part of parts) socket.write(part)
    return
  }
  let next = 0
  const startedMs = performance.now()
  const send = (): void => {
    if (socket.destroyed) {
      stats.hangUps++
      return
    }
    const part = parts[next++]
    if (part === undefined) return
    socket.write(part)
    // From the stream's start, so that late timers do not add up.
    setTimeout(send, Math.max(0, startedMs + next * paceMs - performance.now()))
  }
  send()
}
