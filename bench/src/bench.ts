import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasProc } from './machine/proc.js'
import { claimCores, type Pinning } from './machine/cores.js'
import type { Options } from './options.js'
import { hookNodeArgs } from './profile/preload.js'
import { profilerNodeArgs, runProfile } from './profile/run.js'
import { check, type Check } from './report/check.js'
import { summarize } from './report/summary.js'
import { renderChecks, renderMemory, renderTable } from './report/table.js'
import { runMemory, type MemoryCourse } from './run/memory.js'
import { Rig } from './run/rig.js'
import { runRounds, type Measurement } from './run/rounds.js'
import { Subject } from './run/subject.js'
import { bareTarget, directTarget, type Site } from './target/simple.js'
import type { Target, TargetName } from './target/target.js'
import { weirTarget } from './target/weir.js'

/** What a run hands back: text for people or JSON, and whether all that was asked for holds. */
export interface BenchReport {
  output: string
  holds: boolean
}

/** Runs what the options ask for. @throws when a measurement is not valid */
export async function runBench(
  options: Options,
  { progress, signal }: { progress: (line: string) => void; signal: AbortSignal },
): Promise<BenchReport> {
  if (!hasProc())
    throw new Error('The bench reads the CPU time of processes from /proc, which only Linux has.')
  const pinning = claimCores()
  progress(describe(pinning))
  const rig = await Rig.start(pinning.cores?.rest)
  const hookDir = await mkdtemp(join(tmpdir(), 'weir-profile-'))
  const session: Session = { hookDir, options, progress, pinning, rig, subjects: [], starting: undefined }
  try {
    return await Promise.race([carryOut(session), interruption(signal)])
  } finally {
    // A target that is still starting cannot be stopped before it has started.
    const late = await session.starting?.catch(() => undefined)
    const targets = new Set([
      ...session.subjects.map(({ target }) => target),
      ...(late === undefined ? [] : [late]),
    ])
    for (const target of targets) await target.stop()
    await rig.stop()
    // Profiles are for viewers that are opened afterwards.
    if (options.mode !== 'profile') await rm(hookDir, { recursive: true })
  }
}

interface Session {
  /** Where our hooks in the targets write. */
  hookDir: string
  options: Options
  progress: (line: string) => void
  pinning: Pinning
  rig: Rig
  subjects: Subject[]
  starting: Promise<Target> | undefined
}

async function carryOut(session: Session): Promise<BenchReport> {
  const { hookDir, options, progress, pinning, rig, subjects } = session
  for (const name of options.targets) {
    progress(`starting: ${name}`)
    const core = pinning.cores?.target
    const nodeArgs = nodeArgsFor(options.mode, join(hookDir, name))
    session.starting = Promise.resolve(
      start(name, {
        upstream: rig.baseUrl,
        core,
        nodeArgs,
        limits: options.limits,
        policies: options.policies,
      }),
    )
    const subject = new Subject(await session.starting, rig)
    subjects.push(subject)
    await subject.prove()
  }
  if (options.mode === 'profile') return profileAll(session)
  const memory: MemoryCourse[] = []
  let measurements: Measurement[] = []
  if (options.mode === 'memory') {
    for (const subject of subjects.filter(({ target }) => target.pid !== undefined)) {
      memory.push(await runMemory(subject, join(hookDir, subject.target.name), progress))
    }
  } else measurements = await runRounds(subjects, { ...options, progress })
  return report({ options, pinning, measurements, memory })
}

function nodeArgsFor(mode: Options['mode'], dir: string): string[] {
  switch (mode) {
    case 'rounds':
      return []
    case 'memory':
      return hookNodeArgs('heap-hook', { dir })
    case 'profile':
      return profilerNodeArgs(dir)
  }
}

function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () =>
      reject(new Error('interrupted; everything that was started is stopped.')),
    )
  })
}

function start(name: TargetName, site: Site): Target | Promise<Target> {
  switch (name) {
    case 'direct':
      return directTarget(site)
    case 'bare':
    case 'dispatch':
      return bareTarget(name, site)
    case 'weir':
      return weirTarget(site)
  }
}

const describe = (pinning: Pinning): string =>
  pinning.cores === undefined
    ? `NOT PINNED (${pinning.reason}): core-seconds are still right, throughput and latency mean little.`
    : `The target alone runs on core ${pinning.cores.target}, everything else on core ${pinning.cores.rest}.`

async function profileAll({ hookDir, subjects, options, progress }: Session): Promise<BenchReport> {
  const { measures, seconds, warmupSeconds } = options
  const reports: string[] = []
  for (const subject of subjects) {
    if (subject.target.pid === undefined) continue
    const measure = measures[0] ?? 'closed'
    reports.push(
      await runProfile(subject, {
        dir: join(hookDir, subject.target.name),
        seconds,
        warmupSeconds,
        measure,
        progress,
      }),
    )
  }
  return { output: reports.join('\n\n'), holds: true }
}

interface Findings {
  options: Options
  pinning: Pinning
  measurements: Measurement[]
  memory: MemoryCourse[]
}

function report({ options, pinning, measurements, memory }: Findings): BenchReport {
  const summary = summarize(measurements)
  const checks: Check[] = options.check ? check(options, summary.targets, memory) : []
  const holds = checks.every((one) => one.holds)
  const machine = `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`
  if (options.json) {
    return {
      output: JSON.stringify({ machine, pinning, options, summary, memory, checks, measurements }, null, 2),
      holds,
    }
  }
  const sections = [
    `${machine}. ${describe(pinning)}`,
    ...(measurements.length === 0 ? [] : [renderTable(summary)]),
    ...(memory.length === 0 ? [] : [renderMemory(memory)]),
    ...(checks.length === 0 ? [] : [renderChecks(checks)]),
  ]
  return { output: sections.join('\n\n'), holds }
}
