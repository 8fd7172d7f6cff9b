/** A service as the launcher sees it. Its main is `services/<name>/dist/main.js`. */
export interface ServiceRow {
  name: ServiceName
  /** The private ports it listens on. */
  ports: readonly PortKind[]
  /**
   * When it stops: gateways first, so that their journals empty while the bus still works, then who reads the
   * usage, then who is asked by the others.
   */
  drainStage: 1 | 2 | 3
  /** Set for who may be late: on one machine, answering comes before accounting. */
  niceness?: number
}

export type PortKind = 'http' | 'grpc' | 'metrics'
export type ServiceName = (typeof SERVICE_NAMES)[number]

export const SERVICE_NAMES = ['identity', 'catalog', 'policy', 'metering', 'aggregator', 'gateway'] as const

export const SERVICES: readonly ServiceRow[] = [
  { name: 'identity', ports: ['http', 'grpc', 'metrics'], drainStage: 3 },
  { name: 'catalog', ports: ['http', 'grpc', 'metrics'], drainStage: 3 },
  { name: 'policy', ports: ['http', 'grpc', 'metrics'], drainStage: 3 },
  { name: 'metering', ports: ['http', 'metrics'], drainStage: 2, niceness: 10 },
  { name: 'aggregator', ports: ['http', 'metrics'], drainStage: 2, niceness: 10 },
  { name: 'gateway', ports: ['metrics'], drainStage: 1 },
]

/** A process to run: `gateway` runs as `gateway-1`, `gateway-2`, …; the others once, by their name. */
export interface Instance {
  name: string
  row: ServiceRow
  /** Counts the gateways from 1. */
  index: number
}

export function instancesOf(names: readonly ServiceName[], gateways: readonly number[]): Instance[] {
  return SERVICES.filter(({ name }) => names.includes(name)).flatMap((row) => {
    if (row.name !== 'gateway') return [{ name: row.name, row, index: 1 }]
    return gateways.map((index) => ({ name: `gateway-${index}`, row, index }))
  })
}
