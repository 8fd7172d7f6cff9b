import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/**
 * When a process started, as an opaque text; undefined when there is no such process. With the pid it names
 * one process for good: pids are used again, quickly so in containers and after a reboot.
 */
export function processStartedAt(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      // The command's name is in parentheses and may contain anything, so the fields are counted from its end.
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      // A zombie holds nothing any more: its parent just has not looked yet.
      if (fields[0] === 'Z' || fields[0] === 'X') return undefined
      return `${bootId()}/${fields[19]}`
    } catch {
      return undefined
    }
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined
  }
}

/** Whether the pid still belongs to the process that started at that time. */
export function isSameProcess(pid: number, startedAt: string): boolean {
  return processStartedAt(pid) === startedAt
}

/** The direct children of a process; empty when there is no such process. */
export function childProcessIds(pid: number): number[] {
  if (process.platform === 'linux') {
    try {
      return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
        readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
      )
    } catch {
      // Kernels built without CONFIG_PROC_CHILDREN have no such file.
    }
  }
  try {
    const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).split('\n')
    return rows.flatMap((row) => {
      const [child, parent] = row.trim().split(/\s+/).map(Number)
      return parent === pid && child !== undefined ? [child] : []
    })
  } catch {
    return []
  }
}

/** The command line of a process, arguments separated by blanks; empty when there is no such process. */
export function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux')
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

let knownBootId: string | undefined

/** Start times count from the boot, so without it two boots could show the same pid and time. */
function bootId(): string {
  if (knownBootId !== undefined) return knownBootId
  try {
    knownBootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    knownBootId = ''
  }
  return knownBootId
}
