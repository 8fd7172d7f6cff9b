import type { ThreadCpu } from '../machine/proc.js'
import { columns } from '../report/table.js'
import type { ProfileAnalysis, Share } from './analysis.js'

const stretchWorthTelling = 1.1

/** How many functions are worth a line. */
const shown = { groups: 20, files: 25, self: 40, lines: 25, charged: 30, total: 25 } as const

/** For people: where the time of one thread went, per request and as a share of its busy time. */
export function renderProfile(thread: string, analysis: ProfileAnalysis, requests: number): string {
  const { busyUs, idleUs, stretch } = analysis
  const perRequest = busyUs / requests
  const table = (title: string, shares: Share[], limit: number): string => {
    const rows = shares.slice(0, limit).map(({ name, where, us }) => {
      const share = `${((100 * us) / busyUs).toFixed(1)} %`
      return `${(us / requests).toFixed(2).padStart(8)}  ${share.padStart(7)}  ${name}${where === '' ? '' : `  ${where}`}`
    })
    return [`${title}`, 'us/request    share', ...rows].join('\n')
  }
  return [
    `Thread ${thread}: busy ${(busyUs / 1e6).toFixed(2)} s, idle ${(idleUs / 1e6).toFixed(2)} s, ` +
      `${perRequest.toFixed(1)} us busy for each of ${requests.toLocaleString('en-US')} requests` +
      (stretch > stretchWorthTelling
        ? `\n(scaled to CPU time: by the clock it was ${stretch.toFixed(1)} times as long, since others had the core)`
        : ''),
    table('By package (self time)', analysis.groups, shown.groups),
    table('By file (self time)', analysis.files, shown.files),
    table('By function (self time)', analysis.self, shown.self),
    table('By line of ours (self time)', analysis.lines, shown.lines),
    table('By function of ours, with what it called outside of our code', analysis.charged, shown.charged),
    table('By function of ours, with everything below it', analysis.total, shown.total),
  ].join('\n\n')
}

/** CPU time by thread over the measured time, from the kernel: also that of threads that have no JavaScript. */
export function renderThreads(
  before: readonly ThreadCpu[],
  after: readonly ThreadCpu[],
  requests: number,
): string {
  const earlier = new Map(before.map(({ tid, cpuSeconds }) => [tid, cpuSeconds]))
  const used = after
    .map(({ tid, name, cpuSeconds }) => ({ name, cpuSeconds: cpuSeconds - (earlier.get(tid) ?? 0) }))
    .filter(({ cpuSeconds }) => cpuSeconds > 0)
    .sort((a, b) => b.cpuSeconds - a.cpuSeconds)
  return columns([
    ['CPU by thread', 'seconds', 'us/request'],
    ...used.map(({ name, cpuSeconds }) => [
      name,
      cpuSeconds.toFixed(2),
      ((cpuSeconds * 1e6) / requests).toFixed(1),
    ]),
  ]).join('\n')
}
