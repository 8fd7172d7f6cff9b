import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { threadCpu } from '../machine/proc.js'
import { measure, type MeasureName } from '../run/measure.js'
import type { Subject } from '../run/subject.js'
import { analyze, type CpuProfile } from './analysis.js'
import { askHook, hookNodeArgs } from './preload.js'
import { renderProfile, renderThreads } from './render.js'

/** Microseconds between samples: fine enough for functions of a few microseconds, and costs about a tenth. */
const intervalUs = 500
/** Workers write theirs a little after the main thread; one that blocks its event loop never does. */
const workersMs = 1_000

/** What the profiled process must be started with. */
export const profilerNodeArgs = (dir: string): string[] =>
  hookNodeArgs('hook', { dir, interval: String(intervalUs) })

export interface ProfileOptions {
  dir: string
  seconds: number
  warmupSeconds: number
  measure: MeasureName
  progress: (line: string) => void
}

/** Loads the target, with the profiler on after a warm-up, and answers the report. */
export async function runProfile(subject: Subject, options: ProfileOptions): Promise<string> {
  const { dir, seconds, warmupSeconds, progress } = options
  const { pid, title, name } = subject.target
  if (pid === undefined) throw new Error(`${name} has no process to profile.`)
  progress(`warming up: ${title}`)
  await subject.run(measure(options.measure, warmupSeconds))
  const definition = measure(options.measure, seconds)
  await askHook(pid, join(dir, 'main.started'))
  progress(`profiling: ${title}, ${definition.title}, ${seconds} s`)
  const before = threadCpu(pid)
  const { load, drainSeconds } = await subject.run(definition)
  const after = threadCpu(pid)
  await askHook(pid, join(dir, 'main.cpuprofile'))
  await new Promise((resolve) => setTimeout(resolve, workersMs))
  const files = (await readdir(dir)).filter((file) => file.endsWith('.cpuprofile')).sort()
  const sections = [
    `${title}: ${load.sent.toLocaleString('en-US')} requests, ` +
      `${Math.round(load.window.requests / load.window.cpuSeconds).toLocaleString('en-US')} per core-second with the ` +
      `profiler on, accounted for ${drainSeconds.toFixed(1)} s after the last reply`,
    renderThreads(before, after, load.sent),
  ]
  for (const file of files) {
    const profile = JSON.parse(await readFile(join(dir, file), 'utf8')) as CpuProfile
    sections.push(renderProfile(file.replace('.cpuprofile', ''), analyze(profile), load.sent))
  }
  sections.push(
    `For Chrome's or an editor's profile viewer: ${files.map((file) => join(dir, file)).join(', ')}`,
  )
  return sections.join('\n\n')
}
