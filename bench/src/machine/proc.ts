import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** The kernel reports times to user space in hundredths of a second on every architecture that Node runs on. */
export const ticksPerSecond = 100

/** CPU time and memory of other processes can be read. */
export const hasProc = (): boolean => existsSync('/proc/self/stat')

/** `comm` may contain spaces and brackets, so count from the last bracket: state is field 0, utime 11, stime 12. */
const cpuTicks = (stat: string): number => {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** User and system time that a process has used since its start, all threads, ended ones too. @throws when it is gone */
export const cpuSeconds = (pid: number): number =>
  cpuTicks(readFileSync(`/proc/${pid}/stat`, 'latin1')) / ticksPerSecond

/** Resident memory. @throws when the process is gone */
export function rssMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  return Number(kib) / 1024
}

/** One thread's name, as the runtime set it, and CPU time. */
export interface ThreadCpu {
  tid: number
  name: string
  cpuSeconds: number
}

/** The living threads of a process. */
export function threadCpu(pid: number): ThreadCpu[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((tid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'latin1')
      const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
      return [{ tid: Number(tid), name, cpuSeconds: cpuTicks(stat) / ticksPerSecond }]
    } catch {
      // It ended between listing and reading.
      return []
    }
  })
}
