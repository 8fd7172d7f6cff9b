import { ConfigError, describeConfig, loadConfig, type ServiceConfig } from '@weir/config'
import {
  createLogger,
  type Logger,
  PrivateServer,
  startMetrics,
  startTracing,
  stopTracing,
} from '@weir/observability'
import { yieldToOthers } from './niceness.js'

/** A service that is not closed after so long, besides what it drains, is left as it is. */
const closeMs = 15_000

/** What a service's `run` is given. */
export interface ServiceContext<Config> {
  config: Config
  logger: Logger
  privateServer: PrivateServer
}

/** What a running service gives back. */
export interface RunningService {
  /** How long `close` may wait for what is under way; 0 unless stated. */
  readonly drainMs?: number
  /** Stops accepting, finishes what is under way, lets go of everything. */
  close(): Promise<void>
}

/**
 * The main of every service: configuration (`--validate` only checks it), logs, metrics, traces,
 * the private port; then `run`; then a graceful end at SIGTERM, SIGINT, or when the launcher that
 * started the process is gone.
 */
export async function runService<Config extends ServiceConfig>(options: {
  name: string
  config: new () => Config
  /** What else must be right of the configuration, before anything is opened. Throws ConfigError. */
  check?(config: Config): unknown
  run(context: ServiceContext<Config>): Promise<RunningService>
}): Promise<void> {
  const config = readConfig(options.config, (read) => void options.check?.(read))
  if (process.argv.includes('--validate')) {
    process.stdout.write(`${JSON.stringify(describeConfig(config), undefined, 2)}\n`)
    return
  }
  const logger = createLogger({ service: options.name, level: config.logLevel })
  const privateServer = new PrivateServer()
  let service: RunningService | undefined
  let stopping = false
  const stop = (reason: string) => {
    if (stopping) return
    stopping = true
    logger.info({ reason }, 'Stopping.')
    const withinMs = closeMs + (service?.drainMs ?? 0)
    setTimeout(() => {
      logger.error(`Not stopped after ${withinMs / 1000} s; leaving.`)
      process.exit(1)
    }, withinMs).unref()
    void Promise.resolve(service?.close())
      .catch((error: unknown) => logger.error({ err: error }, 'Stopping failed.'))
      .then(() => stopTracing())
      .then(() => privateServer.close())
      .finally(() => process.exit(0))
  }
  process.once('SIGTERM', () => stop('SIGTERM')).once('SIGINT', () => stop('SIGINT'))
  if (process.connected) process.once('disconnect', () => stop('The launcher is gone.'))
  process.on('unhandledRejection', (error) => {
    logger.fatal({ err: error }, 'An unhandled failure: leaving, to be started again.')
    process.exit(1)
  })

  startMetrics(options.name)
  await startTracing(options.name)
  try {
    const metricsPort = await privateServer.listen(config.host, config.metricsPort)
    service = await options.run({ config, logger, privateServer })
    privateServer.started()
    yieldToOthers(config.niceness)
    logger.info({ metrics_port: metricsPort }, 'Started.')
  } catch (error) {
    logger.fatal(
      { err: error },
      `${options.name} cannot start: ${error instanceof Error ? error.message : String(error)}`,
    )
    process.exit(1)
  }
}

/** Whatever a check finds is a mistake of the configuration. */
function inspect<Config>(config: Config, check: (config: Config) => void): void {
  try {
    check(config)
  } catch (error) {
    if (error instanceof ConfigError || !(error instanceof Error)) throw error
    throw new ConfigError([error.message])
  }
}

function readConfig<Config extends object>(type: new () => Config, check: (config: Config) => void): Config {
  try {
    const config = loadConfig(type)
    inspect(config, check)
    return config
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}
