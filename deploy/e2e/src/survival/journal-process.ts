import { randomUUID } from 'node:crypto'
import { openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** What the process is started with, as JSON in its first argument. */
export interface JournalProcessOptions {
  /** The compiled journal of the gateway. */
  journalUrl: string
  dataDir: string
  databaseUrl: string
  /** File that it appends a line to after each step. */
  path: string
  /** Goes on until it is killed; otherwise it only delivers what it finds. */
  isWorking: boolean
  /** Of every attempt that is settled, to be found again on the bus. */
  tokens: { inputTokens: number; outputTokens: number }
}

/** A line of its file: an attempt is to be begun, or is in the journal, or is settled in it. */
export interface JournalProcessLine {
  what: 'planned' | 'started' | 'settled'
  eventId: string
}

interface Journal {
  depth: { open: number; settled: number }
  start(start: object, written: (error?: Error) => void): object
  settle(entry: object, end: object, written: (error?: Error) => void): void
  close(timeoutMs: number): Promise<void>
}

type JournalType = new (dataDir: string, bus: { databaseUrl: string }, logger: object) => Journal

const silent = (): void => undefined
const logger = { level: 'silent', info: silent, warn: silent, error: silent, fatal: silent }

const options = JSON.parse(process.argv[2] ?? '{}') as JournalProcessOptions
const file = openSync(options.path, 'a')
const end = {
  ...{ endedAt: new Date().toISOString(), outcome: 'succeeded', upstreamStatus: 200, errorCode: '' },
  ...{ usageSource: 'reported', cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
  ...{ firstByteMs: 1, durationMs: 2, ...options.tokens },
}

const { Journal: JournalClass } = (await import(options.journalUrl)) as { Journal: JournalType }
const journal = new JournalClass(options.dataDir, { databaseUrl: options.databaseUrl }, logger)
if (options.isWorking) {
  for (;;) {
    for (let one = 0; one < 4; one++) attempt()
    await sleep(2)
  }
}
await journal.close(30_000)

/** One attempt, that ends after a moment. */
function attempt(): void {
  const eventId = randomUUID()
  say('planned', eventId)
  const entry = journal.start(startOf(eventId), (error) => {
    if (error) return
    say('started', eventId)
    setTimeout(
      () => journal.settle(entry, end, (failure) => !failure && say('settled', eventId)),
      Math.random() * 30,
    )
  })
}

/** Into a file and at once, so that a kill in the next instant does not take it away. */
function say(what: JournalProcessLine['what'], eventId: string): boolean {
  writeSync(file, `${JSON.stringify({ what, eventId } satisfies JournalProcessLine)}\n`)
  return true
}

function startOf(eventId: string): object {
  return {
    ...{ eventId, requestId: eventId, attempt: 1, startedAt: new Date().toISOString(), organization: 'o' },
    ...{
      team: 't',
      teamPath: 't',
      workspace: 'w',
      workload: '',
      virtualKey: `k${eventId[0] ?? ''}`,
      endpoint: 'chat',
    },
    ...{ model: 'm', providerModel: 'm', provider: 'p', providerId: 'p', priceId: '', streamed: false },
    ...{ gatewayRun: 'run', budgets: '', openHoldNanoUsd: '0' },
    estimatedInputTokens: 1,
  }
}
