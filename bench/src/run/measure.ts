import type { Schedule } from '../load/plan.js'

/** What is measured of each target in each round. */
export type MeasureName = 'closed' | 'rate' | 'stream' | 'paced'

export const measureNames: readonly MeasureName[] = ['closed', 'rate', 'stream', 'paced']

/** One way to load a target. */
export interface Measure {
  name: MeasureName
  /** For people. */
  title: string
  connections: number
  schedule: Schedule
  /** Milliseconds between a stream's chunks; undefined for plain requests. */
  paceMs: number | undefined
}

export const requestsPerSecond = 200
const warmupSeconds = 1
const paceMs = 20

/** @param seconds length of each measured window; latency has twice that, since a 99th percentile needs samples */
export function measure(name: MeasureName, seconds: number): Measure {
  switch (name) {
    case 'closed':
      return {
        name,
        title: 'as fast as it can, 64 connections',
        connections: 64,
        schedule: { kind: 'closed', warmupSeconds, seconds },
        paceMs: undefined,
      }
    case 'rate':
      return {
        name,
        title: `${requestsPerSecond} requests/s`,
        connections: 16,
        schedule: { kind: 'rate', perSecond: requestsPerSecond, warmupSeconds, seconds: 2 * seconds },
        paceMs: undefined,
      }
    case 'stream':
      return {
        name,
        title: 'streams as fast as it can, 32 connections',
        connections: 32,
        schedule: { kind: 'closed', warmupSeconds, seconds },
        paceMs: 0,
      }
    case 'paced':
      return {
        name,
        title: `50 streams, a chunk every ${paceMs} ms`,
        connections: 50,
        // A stream lasts a second: spread over it, and a warm-up of two, no two chunks have a common beat.
        schedule: { kind: 'closed', warmupSeconds: 2, seconds, spreadMs: 1_000 },
        paceMs,
      }
  }
}
