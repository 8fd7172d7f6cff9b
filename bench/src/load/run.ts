import { runClosedLoop } from './closed-loop.js'
import type { Exchange } from './connection.js'
import { runOpenLoop } from './open-loop.js'
import type { LoadPlan, LoadResult } from './plan.js'

/** Carries out a plan; ends when every request has been answered or has failed. */
export function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const { hostname, port, host, pathname } = new URL(plan.url)
  const exchange: Exchange = {
    host: hostname,
    port: Number(port),
    request: serialize(host, pathname, plan),
    streamEvents: plan.streamEvents,
  }
  const { schedule } = plan
  return schedule.kind === 'rate'
    ? runOpenLoop(plan, schedule, exchange)
    : runClosedLoop(plan, schedule, exchange)
}

function serialize(host: string, path: string, { headers, body }: LoadPlan): Buffer {
  const fields = {
    host,
    'content-type': 'application/json',
    ...headers,
    'content-length': Buffer.byteLength(body),
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}
