import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runDatabase } from './embedded-database.js'
import { type Home, openHome } from './home.js'
import { lockHome } from './home-lock.js'
import { assignPorts, publicPort } from './instance-ports.js'
import { ensureSecrets } from './instance-secrets.js'
import { LaunchError } from './launch-error.js'
import { StartedProcesses, stopLeftovers } from './leftovers.js'
import { becomeReady } from './readiness.js'
import { serviceEnvironment, type Surroundings } from './service-environment.js'
import { ServiceLog } from './service-log.js'
import { runService } from './service-process.js'
import { type Instance, instancesOf, SERVICE_NAMES, type ServiceName } from './service-table.js'
import { gatewaysWithUnsentUsage } from './unsent-usage.js'
import { Supervised, type SupervisedOptions } from './supervised.js'

export interface StartWeirOptions {
  /** Folder for everything that the instance keeps; made when absent. */
  home: string
  /** Public port, default 4000; 0 takes a free one and keeps it for this home. */
  port?: number
  /** Gateway processes that share the public port, default 1. */
  gateways?: number
  /** Environment of the services on top of this process's own. */
  env?: NodeJS.ProcessEnv
  /** Only these services, default all. */
  services?: readonly ServiceName[]
  /** Where progress and restarts are told; default standard output. */
  say?: (line: string) => void
  /** Tells nobody. */
  quiet?: boolean
  /** Ends a start that is under way: it fails and leaves nothing running. */
  signal?: AbortSignal
  /** Folder with `<service>/dist/main.js`, default this clone's services. */
  servicesFolder?: string
}

/** One process of a running instance; PostgreSQL is one of them, as `postgres`. */
export type WeirProcess = Pick<Supervised, 'name' | 'pid' | 'kill' | 'stop' | 'start'>

/** A running instance. */
export interface Weir {
  home: Home
  /** Of the public port, without a path. */
  url: string
  masterKey: string
  /** For POST /v1/setup; undefined once there is a user. */
  setupToken: string | undefined
  /** The public port, and the private ones by `identity.http` and the like. */
  ports: Record<string, number>
  processes: ReadonlyMap<string, WeirProcess>
  /** The database; its address holds the password. */
  postgres: WeirProcess & { url: string }
  /** Drains and stops everything: gateways, then the readers of usage, then the others, then PostgreSQL. */
  stop(): Promise<void>
  /** Kills everything at once; what was acknowledged is kept. */
  kill(): void
}

/** A first start on two slow cores compiles and migrates; beyond this something hangs. */
const READY_TIMEOUT_MS = 120_000
/** A service that ends that often before it was ready will not become so by itself. */
const MOST_EARLY_ENDS = 3
const BOUND_LOGS_EVERY_MS = 60_000

/**
 * Starts PostgreSQL and the services as processes of their own and resolves when all are ready. Whatever ends
 * later without being told to is started again.
 *
 * @throws LaunchError with one sentence; nothing is left running then
 */
export async function startWeir(options: StartWeirOptions): Promise<Weir> {
  const say = options.quiet ? () => undefined : (options.say ?? ((line: string) => console.log(line)))
  const gateways = checkedGateways(options.gateways ?? 1)
  const home = openHome(options.home)
  const lock = await lockHome(home, say)
  const launch = new Launch({ ...options, gateways }, home, say)
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    lock.announceStop()
    stopped ??= launch.stop().finally(() => lock.release())
    return stopped
  }
  try {
    return { ...(await launch.start()), kill: () => launch.kill(), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

class Launch {
  private readonly processes = new Map<string, Supervised>()
  private readonly logs = new Map<string, ServiceLog>()
  private readonly stages = new Map<Supervised, number>()
  private readonly started: StartedProcesses
  private readonly servicesFolder: string
  private logTimer: NodeJS.Timeout | undefined
  private isStopping = false

  constructor(
    private readonly options: StartWeirOptions & { gateways: number },
    private readonly home: Home,
    private readonly say: (line: string) => void,
  ) {
    this.started = new StartedProcesses(home)
    this.servicesFolder =
      options.servicesFolder ?? fileURLToPath(new URL('../../../services', import.meta.url))
  }

  async start(): Promise<Omit<Weir, 'stop' | 'kill'>> {
    const { home, options } = this
    const env = { ...process.env, ...options.env }
    const secrets = ensureSecrets(home)
    const stopped = await stopLeftovers(home)
    if (stopped.length > 0) this.say(`stopped what a killed launcher left: ${stopped.join(', ')}`)
    this.refuseWhenAborted()

    const gateways = this.gatewayNumbers()
    const instances = instancesOf(options.services ?? SERVICE_NAMES, gateways)
    const publicHost = env.WEIR_HOST || '127.0.0.1'
    const port = await publicPort(home, options.port ?? 4000, publicHost)
    const ports = await assignPorts(home, instances, env)

    const database = await this.startDatabase(ports.postgres, secrets.postgresPassword)
    this.say('PostgreSQL is ready')
    this.refuseWhenAborted()

    const surroundings: Surroundings = {
      ...{ home, ports, secrets, env, publicHost, gateways: gateways.length },
      ...{ databaseUrl: database.url, publicPort: port },
    }
    for (const instance of instances) await this.startService(surroundings, instance)
    this.logTimer = setInterval(() => this.boundLogs(), BOUND_LOGS_EVERY_MS)
    this.logTimer.unref()
    await this.allReady(instances.map(({ name }) => ({ name, port: ports.of(name, 'metrics') })))

    return {
      home,
      url: `http://${reachable(publicHost)}:${port}`,
      masterKey: env.WEIR_MASTER_KEY || secrets.masterKey,
      setupToken: this.setupToken(),
      ports: { ...ports.all, public: port },
      processes: this.processes,
      postgres: Object.assign(database.process, { url: database.url }),
    }
  }

  async stop(): Promise<void> {
    this.isStopping = true
    clearInterval(this.logTimer)
    for (const stage of [1, 2, 3, 4]) {
      const members = [...this.processes.values()].filter((process) => this.stages.get(process) === stage)
      await Promise.all(members.map((process) => process.stop()))
    }
  }

  kill(): void {
    for (const process of this.processes.values()) process.kill('SIGKILL')
  }

  /** Identity prints it at each start, until it is used. */
  private setupToken(): string | undefined {
    const lines = this.logs.get('identity')?.tail(1_000) ?? []
    return lines.flatMap((line) => /^First administrator: .* (setup_[\w-]+)$/.exec(line)?.[1] ?? []).at(-1)
  }

  private gatewayNumbers(): number[] {
    const wanted = Array.from({ length: this.options.gateways }, (_, i) => i + 1)
    const unsent = gatewaysWithUnsentUsage(this.home, wanted.length)
    for (const index of unsent) this.say(`gateway-${index} runs too: it still has usage to deliver`)
    return [...wanted, ...unsent]
  }

  private async startDatabase(port: number, password: string): Promise<{ process: Supervised; url: string }> {
    const log = this.log('postgres')
    let url = ''
    const process = this.supervise('postgres', 4, async () => {
      const run = await runDatabase({ home: this.home, port, password, log })
      url = run.url
      return run
    })
    await process.start()
    return { process, url }
  }

  private async startService(surroundings: Surroundings, instance: Instance): Promise<void> {
    const main = join(this.servicesFolder, instance.row.name, 'dist', 'main.js')
    if (!existsSync(main)) {
      throw new LaunchError(
        `${main} does not exist: the sources are not compiled; run npm start, which does it.`,
      )
    }
    const log = this.log(instance.name)
    const env = serviceEnvironment(surroundings, instance)
    const process = this.supervise(instance.name, instance.row.drainStage, () => {
      const run = runService({ main, cwd: dirname(this.servicesFolder), env, log })
      this.started.record(instance.name, run.pid)
      return Promise.resolve(run)
    })
    await process.start()
  }

  private supervise(name: string, stage: number, launch: SupervisedOptions['launch']): Supervised {
    const process = new Supervised({ name, launch, say: (line) => this.isStopping || this.say(line) })
    this.processes.set(name, process)
    this.stages.set(process, stage)
    return process
  }

  private async allReady(targets: { name: string; port: number }[]): Promise<void> {
    const deadline = Date.now() + READY_TIMEOUT_MS
    await Promise.all(
      targets.map(async ({ name, port }) => {
        const failure = await becomeReady(`http://127.0.0.1:${port}/readyz`, (missing) => {
          if (this.options.signal?.aborted) return 'the start was interrupted'
          if ((this.processes.get(name)?.failures ?? 0) >= MOST_EARLY_ENDS) return 'it ends again and again'
          return Date.now() > deadline
            ? `it was not ready after ${READY_TIMEOUT_MS / 1000} s (${missing})`
            : undefined
        })
        this.refuseWhenAborted()
        if (failure !== undefined) throw this.serviceFailure(name, failure)
        this.say(`${name} is ready`)
      }),
    )
  }

  private serviceFailure(name: string, failure: string): LaunchError {
    const log = this.logs.get(name)
    const lines = log?.tail() ?? []
    const said =
      lines.length === 0
        ? 'It printed nothing.'
        : `Its last lines:\n${lines.map((line) => `    ${line}`).join('\n')}`
    return new LaunchError(
      `${name} could not be started: ${failure}. ${said}\nThe whole log is ${log?.path ?? ''}`,
    )
  }

  private log(name: string): ServiceLog {
    const log = new ServiceLog(this.home.logs, name)
    this.logs.set(name, log)
    return log
  }

  private boundLogs(): void {
    for (const log of this.logs.values()) {
      try {
        log.bound()
      } catch {
        // A full disk: the next minute tries again.
      }
    }
  }

  private refuseWhenAborted(): void {
    if (this.options.signal?.aborted)
      throw new LaunchError('The start was interrupted; everything is stopped again.')
  }
}

function checkedGateways(gateways: number): number {
  if (!Number.isInteger(gateways) || gateways < 1 || gateways > 64) {
    throw new LaunchError('WEIR_GATEWAYS must be a whole number from 1 to 64.')
  }
  if (gateways > 1 && process.platform !== 'linux') {
    throw new LaunchError('Several gateways can share a port on Linux only: leave WEIR_GATEWAYS at 1 here.')
  }
  return gateways
}

/** The address under which this machine reaches a server that is bound to `host`. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
