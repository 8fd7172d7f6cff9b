import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread } from 'node:worker_threads'

// Preloaded (`node --import <this>?dir=…`) into the program whose memory is measured. At SIGUSR2 it collects garbage and
// writes what is left: resident memory also rises in steps when V8 decides on a larger heap, which is no leak.
const dir = new URL(import.meta.url).searchParams.get('dir') ?? process.cwd()

/** What the main thread holds on to, in bytes: objects, and what they keep outside of the heap. */
export interface LiveMemory {
  bytes: number
}

let readings = 0

function write(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  // What the first collection finalizes, the second one frees.
  gc()
  gc()
  const { heapUsed, external } = process.memoryUsage()
  const live: LiveMemory = { bytes: heapUsed + external }
  const file = join(dir, `live-${++readings}.json`)
  mkdirSync(dir, { recursive: true })
  writeFileSync(`${file}.part`, JSON.stringify(live))
  renameSync(`${file}.part`, file)
}

if (isMainThread) process.on('SIGUSR2', write)
