import { Kafka, logLevel, type ISocketFactory } from 'kafkajs'
import type { BusLog } from '../bus.js'
import { kafkaLog } from './log.js'

export interface KafkaConnection {
  brokers: string[]
  clientId: string
  log: BusLog
  /** How connections are made. Default: TCP. */
  socketFactory?: ISocketFactory
}

/** A client of the brokers, which connects when it is first used. */
export function connectKafka({ brokers, clientId, log, socketFactory }: KafkaConnection): Kafka {
  return new Kafka({
    brokers,
    clientId,
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 },
    logLevel: logLevel.ERROR,
    logCreator: kafkaLog(log),
    ...(socketFactory && { socketFactory }),
  })
}
