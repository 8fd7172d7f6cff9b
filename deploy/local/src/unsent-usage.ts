import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Home } from './home.js'

/**
 * The gateways beyond the wanted number whose journals still hold attempts: they were killed, and fewer are
 * started now. They have to run, or that usage would be counted only when somebody asks for as many again.
 */
export function gatewaysWithUnsentUsage(home: Home, wanted: number): number[] {
  return readdirSync(home.root)
    .flatMap((name) => (/^gateway-\d+$/.test(name) ? [Number(name.slice('gateway-'.length))] : []))
    .filter((index) => index > wanted && hasAttempts(join(home.gateway(index), 'journal')))
    .sort((a, b) => a - b)
}

/** A journal's files are taken away, or empty, once the bus has everything that was in them. */
function hasAttempts(journal: string): boolean {
  try {
    return readdirSync(journal).some(
      (name) => name.endsWith('.log') && statSync(join(journal, name)).size > 0,
    )
  } catch (error) {
    // What is not readable by us, the gateway itself says what is wrong with.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}
