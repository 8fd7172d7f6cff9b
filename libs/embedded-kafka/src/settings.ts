/** Ports of a broker that is its own controller. */
export interface BrokerPorts {
  broker: number
  controller: number
}

/** A fixed id, so that a data folder can be used again. */
export const clusterId = 'd2VpcndlaXJ3ZWlyd2Vpcg'

/** `server.properties` of one small broker (KRaft), on loopback only. */
export function serverProperties({ broker, controller }: BrokerPorts, logDir: string): string {
  return lines({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${broker}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': logDir,
    'num.network.threads': 2,
    'num.io.threads': 2,
    // Topics come from the event table alone, as in production.
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // A group of a few local processes need not wait for more.
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    // A killed broker that comes back is let in again after so long, instead of 9 s.
    'broker.session.timeout.ms': 2000,
    'broker.heartbeat.interval.ms': 500,
    // The default, 128 MB, would not fit in a small heap.
    'log.cleaner.dedupe.buffer.size': 4 * 1024 * 1024,
  })
}

/** Warnings, and the line that says that the broker is ready. */
export const logProperties = lines({
  'appender.console.type': 'Console',
  'appender.console.name': 'console',
  'appender.console.layout.type': 'PatternLayout',
  'appender.console.layout.pattern': '%d{ISO8601} %p %m (%c{1})%n',
  'rootLogger.level': 'WARN',
  'rootLogger.appenderRef.console.ref': 'console',
  'logger.started.name': 'kafka.server.KafkaRaftServer',
  'logger.started.level': 'INFO',
})

function lines(properties: Record<string, string | number | boolean>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
