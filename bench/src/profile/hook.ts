import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads'

// Preloaded (`node --import <this>?dir=…&interval=…`) into the program that is profiled. SIGUSR2 starts the profiler
// in every thread, the next one stops it and writes a .cpuprofile for each: so the boot is not in it, as it would be
// with --cpu-prof, and the program need not end.
const settings = new URL(import.meta.url).searchParams
const dir = settings.get('dir') ?? process.cwd()
const intervalUs = Number(settings.get('interval') ?? '500')
const name = isMainThread ? 'main' : `worker-${threadId}`

let session: Session | undefined
let cpuAtStart: NodeJS.CpuUsage | undefined

async function toggle(): Promise<void> {
  if (session === undefined) {
    session = new Session()
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: intervalUs })
    await session.post('Profiler.start')
    cpuAtStart = process.threadCpuUsage()
    mark(`${name}.started`, '')
    return
  }
  const { user, system } = process.threadCpuUsage(cpuAtStart)
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  session = undefined
  mark(`${name}.cpuprofile`, JSON.stringify({ ...profile, threadCpuUs: user + system }))
}

/** Renamed into place, so that whoever waits for the file finds all of it. */
function mark(file: string, content: string): void {
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, `${file}.part`), content)
  renameSync(join(dir, `${file}.part`), join(dir, file))
}

const onToggle = (): void => {
  toggle().catch((error: unknown) => console.error('The profiler failed:', error))
}

const channel = new BroadcastChannel('weir-bench-profile')
if (isMainThread) {
  process.on('SIGUSR2', () => {
    channel.postMessage('toggle')
    onToggle()
  })
} else channel.onmessage = onToggle
channel.unref()
