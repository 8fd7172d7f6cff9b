import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** A file of the journal's log, named after the position of its first byte in the whole log. */
export interface Segment {
  start: number
  path: string
}

const pattern = /^(\d{16})\.log$/

/** The log's segments in a folder, in order. */
export function listSegments(folder: string): Segment[] {
  return readdirSync(folder)
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((left, right) => left - right)
    .map((start) => segmentAt(folder, start))
}

/** The segment that begins at a position, whether it is there or not. */
export function segmentAt(folder: string, start: number): Segment {
  return { start, path: join(folder, `${String(start).padStart(16, '0')}.log`) }
}
