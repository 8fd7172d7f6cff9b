import type { Schedule } from '../load/plan.js'

/** What is measured of each target in each round. */
export const measureNames = ['closed', 'translated', 'rate', 'stream', 'paced', 'first'] as const
export type MeasureName = (typeof measureNames)[number]

/** One way to load a target. */
export interface Measure {
  name: MeasureName
  /** For people. */
  title: string
  connections: number
  schedule: Schedule
  /** Milliseconds between a stream's chunks; undefined for plain requests. */
  paceMs: number | undefined
  /** Asks in Anthropic's dialect, which the upstream does not speak. */
  isTranslated?: true
}

export const requestsPerSecond = 200
export const streamsPerSecond = 100
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
    case 'translated':
      return {
        name,
        title: 'translated, as fast as it can, 64 connections',
        connections: 64,
        schedule: { kind: 'closed', warmupSeconds, seconds },
        paceMs: undefined,
        isTranslated: true,
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
    case 'first':
      return {
        name,
        title: `${streamsPerSecond} streams/s`,
        connections: 16,
        schedule: { kind: 'rate', perSecond: streamsPerSecond, warmupSeconds, seconds: 2 * seconds },
        paceMs: 0,
      }
  }
}
