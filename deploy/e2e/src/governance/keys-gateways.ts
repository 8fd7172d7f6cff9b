import type { Weir } from '@weir/local'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { Agent, request } from 'node:http'
import type { Socket } from 'node:net'

/** An answer of one gateway, with when its request was begun. */
export interface GatewayAnswer {
  beganAt: number
  status: number
  /** The error's code; empty for an answer without one. */
  code: string
}

/** One gateway of several on one port, over a connection that is its own. */
export interface PinnedGateway {
  name: string
  /** Sends a chat completion and reads its whole answer. */
  chat: (key: string, model: string) => Promise<GatewayAnswer>
  close(): void
}

const mostConnections = 100

/**
 * A connection to each gateway. The system chooses a gateway for each new connection, so new ones are
 * opened until all were met; which process has one is read in /proc.
 */
export async function pinGateways(weir: Weir): Promise<PinnedGateway[]> {
  const names = new Map([...weir.processes].flatMap(([name, { pid }]) => (pid ? [[pid, name] as const] : [])))
  const wanted = [...names.values()].filter((name) => name.startsWith('gateway-'))
  const found = new Map<string, PinnedGateway>()
  for (let tried = 0; found.size < wanted.length && tried < mostConnections; tried += 1) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const { socket } = await exchange(weir.url, agent, { path: '/livez', method: 'GET' })
    const name = names.get(ownerOf(socket, [...names.keys()]) ?? 0)
    if (name === undefined || found.has(name)) agent.destroy()
    else found.set(name, pin(weir.url, name, agent, socket))
  }
  const missing = wanted.filter((name) => !found.has(name))
  if (missing.length > 0) throw new Error(`No connection was given to ${missing.join(', ')}.`)
  return wanted.flatMap((name) => found.get(name) ?? [])
}

function pin(url: string, name: string, agent: Agent, pinned: Socket): PinnedGateway {
  return {
    name,
    close: () => agent.destroy(),
    chat: async (key, model) => {
      const beganAt = performance.now()
      const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] })
      const headers = {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
      }
      const options = { path: '/v1/chat/completions', method: 'POST', headers, body }
      const { socket, status, text } = await exchange(url, agent, options)
      if (socket !== pinned) throw new Error(`The connection to ${name} was lost.`)
      const { error } = JSON.parse(text) as { error?: { code: string } }
      return { beganAt, status, code: error?.code ?? '' }
    },
  }
}

function exchange(
  url: string,
  agent: Agent,
  options: { path: string; method: string; headers?: Record<string, string>; body?: string },
): Promise<{ socket: Socket; status: number; text: string }> {
  const { path, body, ...rest } = options
  return new Promise((resolve, reject) => {
    const call = request(`${url}${path}`, { agent, ...rest }, (response) => {
      // Before its end: then the connection goes back to the agent.
      const { socket } = response
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response
        .on('end', () => resolve({ socket, status: response.statusCode ?? 0, text }))
        .on('error', reject)
    })
    call.on('error', reject).end(body)
  })
}

/** The process at the other end of a connection to this machine. */
function ownerOf(socket: Socket, pids: number[]): number | undefined {
  const port = (value: number | undefined) => (value ?? 0).toString(16).toUpperCase().padStart(4, '0')
  const row = new RegExp(
    `^ *\\d+: [0-9A-F]+:${port(socket.remotePort)} [0-9A-F]+:${port(socket.localPort)} .*$`,
    'm',
  )
  const inode = ['/proc/net/tcp', '/proc/net/tcp6']
    .map((table) => row.exec(readFileSync(table, 'utf8'))?.[0].trim().split(/\s+/)[9])
    .find((found) => found !== undefined)
  return pids.find((pid) => inode !== undefined && socketsOf(pid).includes(`socket:[${inode}]`))
}

function socketsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(`${folder}/${fd}`)]
    } catch {
      // It was closed meanwhile.
      return []
    }
  })
}
