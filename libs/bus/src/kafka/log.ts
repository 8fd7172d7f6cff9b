import { logLevel, type logCreator } from 'kafkajs'
import type { BusLog } from '../bus.js'

/** How often the same is said again. */
const quietMs = 30_000

/**
 * kafkajs's own log in that of the bus. It reports each of its retries as an error, eight a second while a
 * broker is away; to us they are warnings, and one of a kind is enough.
 */
export function kafkaLog(log: BusLog, now: () => number = Date.now): logCreator {
  const saidAt = new Map<string, number>()
  return () =>
    ({ namespace, level, log: entry }) => {
      if (level > logLevel.ERROR) return
      const { message, groupId, broker, error } = entry as { message: string } & Record<string, unknown>
      const said = saidAt.get(message)
      if (said !== undefined && now() - said < quietMs) return
      saidAt.set(message, now())
      log.warn({ namespace, groupId, broker, error }, `kafkajs: ${message}`)
    }
}
