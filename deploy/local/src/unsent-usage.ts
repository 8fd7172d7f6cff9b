import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Home } from './home.js'

/**
 * The gateways beyond the wanted number whose journals still hold attempts: they were killed, and fewer are
 * started now. They have to run, or that usage would be counted only when somebody asks for as many again.
 */
export function gatewaysWithUnsentUsage(home: Home, wanted: number): number[] {
  return readdirSync(home.root)
    .flatMap((name) => (/^gateway-\d+$/.test(name) ? [Number(name.slice('gateway-'.length))] : []))
    .filter((index) => index > wanted && hasAttempts(join(home.gateway(index), 'journal.db')))
    .sort((a, b) => a - b)
}

function hasAttempts(journal: string): boolean {
  if (!existsSync(journal)) return false
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(journal)
    return database.prepare('select 1 from attempt limit 1').get() !== undefined
  } catch {
    // Not readable by us: the gateway itself says what is wrong with it.
    return true
  } finally {
    database?.close()
  }
}
