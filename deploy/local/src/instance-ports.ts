import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isPortFree } from '@weir/embedded-postgres'
import { type Home, writePrivately } from './home.js'
import { LaunchError } from './launch-error.js'
import type { Instance, PortKind } from './service-table.js'

/**
 * Below where Linux (32768) and macOS (49152) take the ports of outgoing connections from, since one of those
 * could sit on a service's port just when it is restarted.
 */
const LOWEST = 15_000
const HIGHEST = 31_999

/** Every port of an instance but the public one. */
export interface InstancePorts {
  postgres: number
  of(instance: string, kind: PortKind): number
  /** By name, e.g. `identity.grpc`. */
  all: Record<string, number>
}

/**
 * Gives each process its ports: set by configuration (`WEIR_IDENTITY_GRPC_PORT`, `WEIR_GATEWAY_2_METRICS_PORT`,
 * `WEIR_POSTGRES_PORT`), else the same as at the last start, else free ones. They are kept, so that a service
 * which is started again is found where it was.
 */
export async function assignPorts(
  home: Home,
  instances: readonly Instance[],
  env: NodeJS.ProcessEnv,
): Promise<InstancePorts> {
  const kept = readKept(home)
  const names = [
    'postgres',
    ...instances.flatMap(({ name, row }) => row.ports.map((kind) => `${name}.${kind}`)),
  ]
  const all: Record<string, number> = { ...kept }
  const taken = new Set<number>()
  for (const name of names) {
    const variable = `WEIR_${name.toUpperCase().replace(/[.-]/g, '_')}_PORT`
    const set = readPort(variable, env[variable])
    const port = set ?? (await keptOrFree(kept[name], taken))
    if (set !== undefined && (taken.has(set) || !(await isPortFree(set)))) throw portTaken(set, variable)
    taken.add(port)
    all[name] = port
  }
  const content = `${JSON.stringify(all, undefined, 2)}\n`
  if (content !== `${JSON.stringify(kept, undefined, 2)}\n`) writePrivately(home.ports, content)
  return {
    postgres: all['postgres'] ?? 0,
    all,
    of: (instance, kind) => {
      const port = all[`${instance}.${kind}`]
      if (port === undefined) throw new LaunchError(`${instance} has no ${kind} port.`)
      return port
    },
  }
}

/** The public port: 4000 unless set; 0 takes a free one and keeps it. */
export async function publicPort(home: Home, wanted: number, host: string): Promise<number> {
  if (wanted !== 0) {
    if (!(await isPortFree(wanted, host))) throw portTaken(wanted, 'WEIR_PORT')
    return wanted
  }
  const { public: last, ...kept } = readKept(home)
  const port = await keptOrFree(last, new Set(Object.values(kept)))
  writePrivately(home.ports, `${JSON.stringify({ ...kept, public: port }, undefined, 2)}\n`)
  return port
}

/** Reads a port from the environment; undefined when it is not set. */
export function readPort(variable: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new LaunchError(
    `${variable} is ${JSON.stringify(text)}, which is no port: set it to a number up to 65535.`,
  )
}

function portTaken(port: number, variable: string): LaunchError {
  return new LaunchError(
    `Port ${port} is taken: stop what listens on it, or start with another, e.g. ${variable}=${port + 1} npm start.`,
  )
}

async function keptOrFree(kept: number | undefined, taken: Set<number>): Promise<number> {
  if (kept !== undefined && !taken.has(kept) && (await isPortFree(kept))) return kept
  for (let attempts = 0; attempts < 1_000; attempts += 1) {
    const port = randomInt(LOWEST, HIGHEST + 1)
    if (!taken.has(port) && (await isPortFree(port))) return port
  }
  throw new LaunchError(
    `No port between ${LOWEST} and ${HIGHEST} is free on 127.0.0.1: stop something and try again.`,
  )
}

/** A damaged file costs nothing but the old numbers. */
function readKept(home: Home): Record<string, number> {
  try {
    const content: unknown = JSON.parse(readFileSync(home.ports, 'utf8'))
    if (typeof content !== 'object' || content === null) return {}
    return Object.fromEntries(
      Object.entries(content).filter((entry): entry is [string, number] => Number.isInteger(entry[1])),
    )
  } catch {
    return {}
  }
}
