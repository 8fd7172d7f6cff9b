import { parseArgs } from 'node:util'

/** How much of what. */
export interface ChaosOptions {
  /** Requests that are sent. */
  requests: number
  /** Requests begun in a second. */
  rate: number
  gateways: number
  /** A real Kafka broker instead of the log in PostgreSQL. */
  kafka: boolean
  /** Between two kills, on average. */
  killEveryMs: number
  /** The same seed plans the same requests and the same order of kills. */
  seed: number
  /** Folder of the instance, kept afterwards; absent: a temporary one, kept only when something is wrong. */
  home?: string
}

/** Someone asked for something that there is not. */
export class ChaosUsageError extends Error {}

const usage = `npm run chaos -- [options]

  --requests n     requests to send (10000)
  --rate n         requests begun in a second (100)
  --gateways n     gateway processes (2 where the system can share a port, else 1)
  --kafka          a real Kafka broker instead of the log in PostgreSQL
  --kill-every s   seconds between two kills (3)
  --seed n         plans the same requests and kills again
  --home folder    keep the instance in this folder
  --json           the outcome as JSON on standard output, progress on standard error`

/** Reads the command line. @throws ChaosUsageError with the usage */
export function parseOptions(argv: string[]): { options: ChaosOptions; json: boolean } {
  const values = parse(argv)
  if (values.help) throw new ChaosUsageError(usage)
  const number = (name: string, text: string | undefined, whenAbsent: number, least: number): number => {
    const value = text === undefined ? whenAbsent : Number(text)
    if (Number.isFinite(value) && value >= least) return value
    throw new ChaosUsageError(`--${name} takes a number from ${least} up.\n\n${usage}`)
  }
  const options = {
    requests: Math.floor(number('requests', values.requests, 10_000, 1)),
    rate: number('rate', values.rate, 100, 0.1),
    gateways: Math.floor(number('gateways', values.gateways, process.platform === 'linux' ? 2 : 1, 1)),
    kafka: values.kafka,
    killEveryMs: 1_000 * number('kill-every', values['kill-every'], 3, 0.1),
    seed: Math.floor(number('seed', values.seed, Math.floor(Math.random() * 1e6), 0)),
    ...(values.home !== undefined && { home: values.home }),
  }
  return { options, json: values.json }
}

function parse(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      options: {
        requests: { type: 'string' },
        rate: { type: 'string' },
        gateways: { type: 'string' },
        kafka: { type: 'boolean', default: false },
        'kill-every': { type: 'string' },
        seed: { type: 'string' },
        home: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new ChaosUsageError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  }
}
