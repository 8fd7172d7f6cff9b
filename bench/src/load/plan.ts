import type { Distribution } from './percentile.js'

/** How requests are spread over time. */
export type Schedule =
  /** Each connection sends its next request when it has the reply to the last one. */
  | {
      kind: 'closed'
      warmupSeconds: number
      seconds: number
      /** The connections start evenly over this time, so that paced streams do not tick together; default 0. */
      spreadMs?: number
    }
  /** Closed loop until this many have been sent. */
  | { kind: 'count'; requests: number }
  /** A request is due every 1/perSecond, whether earlier ones have been answered or not. */
  | { kind: 'rate'; perSecond: number; warmupSeconds: number; seconds: number }

/** One run of the load generator: read from its standard input, since headers hold keys and argv is public. */
export interface LoadPlan {
  /** http://host:port/path */
  url: string
  headers: Record<string, string>
  body: string
  connections: number
  schedule: Schedule
  /** Data events that each streamed reply must have before its [DONE]; absent for plain replies. */
  streamEvents?: number
  /** The processes whose CPU time is read at both ends of the measured window. */
  watchPids: number[]
}

/** The measured part of a run: after the warm-up, until the schedule's end; what is then in flight is not in it. */
export interface LoadWindow {
  seconds: number
  requests: number
  /** Data events but [DONE]. */
  events: number
  /** User and system time of the watched processes, all threads. */
  cpuSeconds: number
}

/** What came of a run; one JSON line on the load generator's standard output. */
export interface LoadResult {
  /** All requests: warm-up, window and what was in flight at its end. Each has been answered or has failed. */
  sent: number
  succeeded: number
  failed: number
  firstFailure?: string
  window: LoadWindow
  /** In a closed loop from sending; at a rate from the moment a request was due. */
  latencyMs: Distribution
  /** Until the first byte of the reply's body; counts as `latencyMs` does. */
  firstByteMs: Distribution
  /** At a rate: how long after its due time a request was written. The generator's own share of the latency. */
  latenessMs?: Distribution
}
