import { setTimeout as sleep } from 'node:timers/promises'

/** Asks once. Undefined when ready, else what is missing as the process says it. */
export async function whatIsMissing(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    const body = await response.text()
    return response.ok ? undefined : missingFrom(body, response.status)
  } catch {
    return 'it does not answer yet'
  }
}

/** Asks until it is ready, or `giveUp` names a reason not to wait any longer, which is returned. */
export async function becomeReady(
  url: string,
  giveUp: (missing: string) => string | undefined,
): Promise<string | undefined> {
  for (;;) {
    const missing = await whatIsMissing(url)
    if (missing === undefined) return undefined
    const reason = giveUp(missing)
    if (reason !== undefined) return reason
    await sleep(50)
  }
}

function missingFrom(body: string, status: number): string {
  try {
    const { missing } = JSON.parse(body) as { missing?: Record<string, string> }
    const reasons = Object.entries(missing ?? {}).map(([name, reason]) => `${name}: ${reason}`)
    if (reasons.length > 0) return reasons.join(', ')
  } catch {
    // Not one of ours; its status says enough.
  }
  return `it answers with status ${status}`
}
