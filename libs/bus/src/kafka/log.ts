import { logLevel, type logCreator } from 'kafkajs'
import type { BusLog } from '../bus.js'

/** kafkajs's own log in that of the bus. It reports each of its retries as an error; to us they are warnings. */
export function kafkaLog(log: BusLog): logCreator {
  return () =>
    ({ namespace, level, log: entry }) => {
      const { message, groupId, broker, error } = entry as { message: string } & Record<string, unknown>
      const details = { namespace, groupId, broker, error }
      if (level <= logLevel.ERROR) log.warn(details, `kafkajs: ${message}`)
    }
}
