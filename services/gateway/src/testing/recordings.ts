import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** An exchange with a vendor, as its file and its line of the index have it. */
export interface Recording {
  file: string
  provider: string
  api: string
  model: string | null
  status: number
  stream: boolean
  features: string[]
  stop: string[]
  /** As the vendor counts: not in disjoint buckets. */
  usage: Record<'input' | 'output' | 'cached' | 'cache_write' | 'reasoning', number | null>
  request: { path: string; headers: Record<string, string>; body: unknown }
  response: { status: number; headers: Record<string, string>; body?: unknown; sse?: string }
}

const folder = fileURLToPath(new URL('../../../../../shared/recordings/', import.meta.url))

/** Why there is nothing to replay; undefined when there is. */
export const recordingsMissing = existsSync(`${folder}index.json`)
  ? undefined
  : 'the recordings of provider traffic (../shared/recordings) are not here'

type Line = Omit<Recording, 'request' | 'response'>

/** The recordings that a test is about; none where they are missing. */
export function recordings(isWanted: (line: Line) => boolean): Recording[] {
  if (recordingsMissing !== undefined) return []
  const lines = JSON.parse(readFileSync(`${folder}index.json`, 'utf8')) as Line[]
  return lines.filter(isWanted).map((line) => ({
    ...line,
    ...(JSON.parse(readFileSync(`${folder}${line.file}`, 'utf8')) as Pick<Recording, 'request' | 'response'>),
  }))
}

/** A stream's bytes in pieces; `cuts` are where, in any order. */
export function cutAt(bytes: Buffer, cuts: number[]): Buffer[] {
  const at = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])]
  at.sort((a, b) => a - b)
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
}
