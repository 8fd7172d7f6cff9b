import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { resolveJars } from './jars.js'
import { clusterId, logProperties, serverProperties } from './settings.js'
import { KafkaStartError } from './start-error.js'

export interface StartKafkaOptions {
  /** Folder for the broker's settings and data; made when absent, used again when present. */
  dataDir: string
  /** Port on 127.0.0.1; chosen free when absent. */
  port?: number
  /** As in `-Xmx`. Default 256m. */
  javaHeap?: string
  /** Each line that the broker logs (warnings and worse). */
  onLog?: (line: string) => void
}

/** A running broker, the real one. */
export interface EmbeddedKafka {
  /** `host:port`, as for WEIR_KAFKA_BROKERS. */
  brokers: string
  /** Resolves when the process is gone, for whatever reason. */
  exited: Promise<void>
  /** Orderly shutdown; after 15 s it is killed. */
  stop(): Promise<void>
  /** SIGKILL, as a crash. */
  kill(): void
  /** Starts it again on the same port and data, after `stop` or `kill`. */
  restart(): Promise<void>
}

const readyTimeoutMs = 60_000
const stopTimeoutMs = 15_000
const keptLogLines = 20

/**
 * Kafka must not outlive who started it: the shell ends it when its input closes, which happens however its
 * parent dies.
 */
const supervise = `exec 3<&0; "$@" </dev/null 3<&- & broker=$!
{ cat <&3; kill $broker; } >/dev/null 2>&1 &
exec 3<&-; wait $broker; code=$?; kill $!; exit $code`

/**
 * Starts one broker (KRaft). Takes 3 to 8 s, and the time to fetch its jars once.
 * @throws KafkaStartError with one sentence: no Java or Maven, taken port, damaged data.
 */
export async function startKafka(options: StartKafkaOptions): Promise<EmbeddedKafka> {
  const jars = await resolveJars()
  const folder = resolve(options.dataDir)
  const ports = { broker: options.port ?? (await freePort()), controller: await freePort() }
  const settings = join(folder, 'server.properties')
  const logSettings = join(folder, 'log4j2.properties')
  const data = join(folder, 'data')
  mkdirSync(data, { recursive: true })
  writeFileSync(settings, serverProperties(ports, data))
  writeFileSync(logSettings, logProperties)

  const java = (mainClass: string, args: string[]): string[] => [
    'java',
    `-Xmx${options.javaHeap ?? '256m'}`,
    // Starts sooner, with less memory; a broker for one machine does not need more.
    ...['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'],
    `-Dlog4j2.configurationFile=${logSettings}`,
    ...['-cp', join(jars, '*'), mainClass, ...args],
  ]

  if (!existsSync(join(data, 'meta.properties'))) {
    await runToEnd(java('kafka.tools.StorageTool', ['format', '-t', clusterId, '-c', settings]))
  }
  const start = () => startOnce(java('kafka.Kafka', [settings]), ports.broker, options.onLog)
  let running = await start()
  return {
    brokers: `127.0.0.1:${ports.broker}`,
    get exited() {
      return running.exited
    },
    stop: () => running.stop(),
    kill: () => running.kill(),
    async restart() {
      await running.exited
      running = await start()
    },
  }
}

type Running = Pick<EmbeddedKafka, 'exited' | 'stop' | 'kill'>

async function startOnce(command: string[], port: number, onLog?: (line: string) => void): Promise<Running> {
  if (!(await isFree(port))) {
    throw new KafkaStartError(
      `Port ${port}, which Kafka is to use, is taken: stop what uses it, or choose another port.`,
    )
  }
  const child = spawnSupervised(command)
  const log: string[] = []
  // Of the pipe, which the broker holds too, and not of the shell alone.
  const exited = once(child, 'close').then(() => undefined)
  const ready = new Promise<void>((done) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (line.includes('Kafka Server started')) done()
      log.push(line)
      log.splice(0, log.length - keptLogLines)
      onLog?.(line)
    })
  })
  const outcome = await Promise.race([
    ready.then(() => 'ready' as const),
    exited.then(() => 'exited' as const),
    new Promise<'late'>((done) => setTimeout(() => done('late'), readyTimeoutMs).unref()),
  ])
  if (outcome !== 'ready') {
    signal(child, 'SIGKILL')
    const happened =
      outcome === 'late' ? `was not ready within ${readyTimeoutMs / 1000} s` : 'ended while it started'
    throw new KafkaStartError(`Kafka ${happened}. Its last words:\n${log.join('\n')}`)
  }
  return {
    exited,
    kill: () => signal(child, 'SIGKILL'),
    async stop() {
      signal(child, 'SIGTERM')
      const timer = setTimeout(() => signal(child, 'SIGKILL'), stopTimeoutMs)
      await exited
      clearTimeout(timer)
    },
  }
}

async function runToEnd(command: string[]): Promise<void> {
  const child = spawnSupervised(command)
  let said = ''
  child.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new KafkaStartError(`Kafka could not prepare its data folder: ${said.trim()}`)
}

/** In a process group of its own, so that Ctrl-C reaches whoever started it first. */
function spawnSupervised(command: string[]): ChildProcess {
  const child = spawn('sh', ['-c', `exec 2>&1; ${supervise}`, 'sh', ...command], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.on('error', () => undefined)
  return child
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return true
  } catch {
    return false
  }
}
