import { existsSync } from 'node:fs'

const waitMs = 15_000

/** What a process must be started with to have one of our hooks in it. */
export function hookNodeArgs(hook: 'hook' | 'heap-hook', settings: Record<string, string>): string[] {
  const url = new URL(`./${hook}.js`, import.meta.url)
  for (const [name, value] of Object.entries(settings)) url.searchParams.set(name, value)
  return [`--import=${url.href}`]
}

/** Sends the signal that hooks listen to, and waits for the file that is their answer. @throws when none comes */
export async function askHook(pid: number, file: string): Promise<void> {
  process.kill(pid, 'SIGUSR2')
  for (const deadlineMs = performance.now() + waitMs; !existsSync(file);) {
    if (performance.now() > deadlineMs) {
      throw new Error(
        `There is no ${file}: the hook is not loaded in the process, or its event loop is blocked.`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
