import { startKafka, type EmbeddedKafka } from '@weir/embedded-kafka'
import { startWeir, type Weir, type WeirProcess } from '@weir/local'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { compileCache } from '../stack/compile-cache.js'
import { Management } from '../stack/management.js'
import type { Victim } from './killer.js'
import type { ChaosOptions } from './options.js'
import { Upstream } from './upstream.js'

/** A whole Weir with its upstream. */
export interface Instance {
  weir: Weir
  management: Management
  upstream: Upstream
  kafka: EmbeddedKafka | undefined
  /** Everything but the upstream. */
  victims: Victim[]
  /** Names of the gateways' processes. */
  gateways: string[]
  stop(): Promise<void>
}

/** Time that a killed broker is away before it is started again. */
const brokerAwayMs = 1_000

/** Starts the upstream, the broker when one is wanted, and Weir. */
export async function startInstance(
  options: Pick<ChaosOptions, 'gateways' | 'kafka'> & {
    home: string
    say: (line: string) => void
    /** One that is there already: it outlives the instance. */
    upstream?: Upstream
    /** Ends a start that is under way. */
    signal?: AbortSignal
    /** Environment of the services. */
    env?: NodeJS.ProcessEnv
  },
): Promise<Instance> {
  const { home, say } = options
  const upstream = options.upstream ?? (await Upstream.start())
  const stopUpstream = async (): Promise<void> => {
    if (!options.upstream) await upstream.stop()
  }
  let broker: Broker | undefined
  try {
    if (options.kafka) {
      broker = new Broker(await startKafka({ dataDir: join(home, 'kafka') }), say)
      say('Kafka is ready')
    }
    const weir = await startWeir({
      home,
      say,
      port: 0,
      gateways: options.gateways,
      ...(options.signal && { signal: options.signal }),
      env: {
        // Who is killed writes none, and would start as slowly each time.
        NODE_COMPILE_CACHE: compileCache,
        ...options.env,
        WEIR_KAFKA_BROKERS: broker?.kafka.brokers ?? '',
      },
    })
    return {
      ...{ weir, upstream, kafka: broker?.kafka },
      management: new Management(weir.url, weir.masterKey),
      victims: [...[...weir.processes.values()].map(toVictim), ...(broker ? [broker] : [])],
      gateways: [...weir.processes.keys()].filter((name) => name.startsWith('gateway-')),
      stop: async () => {
        await weir.stop()
        await broker?.stop()
        await stopUpstream()
      },
    }
  } catch (error) {
    await broker?.stop()
    await stopUpstream()
    throw error
  }
}

const toVictim = (process: WeirProcess): Victim => ({
  name: process.name,
  isRunning: () => process.pid !== undefined,
  kill: () => process.kill('SIGKILL'),
})

/** The broker as something that comes back by itself, as it does where it is run in earnest. */
class Broker implements Victim {
  readonly name = 'kafka'
  private restarting: Promise<void> | undefined

  constructor(
    readonly kafka: EmbeddedKafka,
    private readonly say: (line: string) => void,
  ) {}

  isRunning(): boolean {
    return this.restarting === undefined
  }

  kill(): void {
    this.kafka.kill()
    this.restarting = sleep(brokerAwayMs)
      .then(() => this.kafka.restart())
      .then(() => this.say('kafka was started again'))
      .finally(() => (this.restarting = undefined))
    this.restarting.catch((error: unknown) => this.say(`kafka could not be started again: ${String(error)}`))
  }

  async stop(): Promise<void> {
    await this.restarting?.catch(() => undefined)
    await this.kafka.stop()
  }
}
