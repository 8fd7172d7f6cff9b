import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isSameProcess, processStartedAt } from '@weir/embedded-postgres'
import { type Home, writePrivately } from './home.js'

/** A service whose launcher was killed drains by itself; one that takes longer than this is killed. */
const DRAIN_MS = 5_000

interface Started {
  name: string
  pid: number
  startedAt: string
}

/** Keeps on disk which processes run, so that the next launcher finds those of a killed one. */
export class StartedProcesses {
  private readonly started = new Map<string, Started>()

  constructor(private readonly home: Home) {}

  record(name: string, pid: number): void {
    const startedAt = processStartedAt(pid)
    // Gone already: there is nothing to find.
    if (startedAt === undefined) return
    this.started.set(name, { name, pid, startedAt })
    try {
      writePrivately(this.home.pids, JSON.stringify([...this.started.values()]))
    } catch {
      // A full disk: the process still ends by itself when its launcher is gone.
    }
  }
}

/** Stops what a killed launcher left running in this home. Names them, or nobody when there was nothing. */
export async function stopLeftovers(home: Home): Promise<string[]> {
  const running = readStarted(home).filter(({ pid, startedAt }) => isSameProcess(pid, startedAt))
  for (const { pid } of running) signal(pid, 'SIGTERM')
  const deadline = Date.now() + DRAIN_MS
  const isRunning = ({ pid, startedAt }: Started): boolean => isSameProcess(pid, startedAt)
  while (running.some(isRunning)) {
    if (Date.now() > deadline) for (const { pid } of running.filter(isRunning)) signal(pid, 'SIGKILL')
    await sleep(50)
  }
  return running.map(({ name }) => name)
}

function readStarted(home: Home): Started[] {
  try {
    const content: unknown = JSON.parse(readFileSync(home.pids, 'utf8'))
    return Array.isArray(content) ? (content as Started[]) : []
  } catch {
    return []
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It went by itself.
  }
}
