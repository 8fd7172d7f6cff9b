import { writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'

/** Lets others go first that need this process's core. What the system refuses is left as it is: only speed depends on it. */
export function yieldToOthers(niceness: number): void {
  if (niceness === 0) return
  try {
    setPriority(niceness)
    // Where Linux shares a core out among sessions, and each service has its own, only this one counts.
    writeFileSync('/proc/self/autogroup', String(niceness))
  } catch {
    return
  }
}
