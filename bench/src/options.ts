import { parseArgs } from 'node:util'
import { measureNames, type MeasureName } from './run/measure.js'
import { targetNames, type TargetName } from './target/target.js'

export const usage = `npm run bench -- [options]

  --only bare,weir      targets: direct, bare, dispatch, weir (default: all)
  --measures closed     measures: closed, translated, rate, stream, paced, first (default: all)
  --rounds 3            rounds, in each of which the targets take turns
  --seconds 5           length of each measured window
  --retries 2           how often a measurement that other processes disturbed is done again
  --warmup 8            length of the warm-up of each target before the first round
  --limits              two rate limits and a budget on the gateway's requests, never reached
  --policies            three detector policies on every request, never violated
  --memory              instead: memory over 200,000 requests
  --profile             instead: a CPU profile of the gateway (or of the targets in --only) under the first measure
  --check               exit 1 when the gateway misses a limit
  --json                everything as JSON on standard output
`

/** What the command line asks for. */
export interface Options {
  targets: TargetName[]
  measures: MeasureName[]
  rounds: number
  seconds: number
  warmupSeconds: number
  retries: number
  limits: boolean
  policies: boolean
  mode: 'rounds' | 'memory' | 'profile'
  check: boolean
  json: boolean
}

/** The command line cannot be understood; the message says what is wrong with it. */
export class UsageError extends Error {}

/** @throws UsageError; undefined when help is asked for */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parse(args)
  if (values.help) return undefined
  if (values.memory && values.profile) throw new UsageError('--memory and --profile exclude each other.')
  const mode = values.memory ? 'memory' : values.profile ? 'profile' : 'rounds'
  const targets = values.only === undefined ? defaultTargets(mode) : pick('--only', values.only, targetNames)
  if (values.check && !targets.includes('weir')) throw new UsageError('--check needs weir among the targets.')
  return {
    targets,
    measures:
      values.measures === undefined ? [...measureNames] : pick('--measures', values.measures, measureNames),
    rounds: wholeNumber('--rounds', values.rounds, 3),
    seconds: wholeNumber('--seconds', values.seconds, 5),
    retries: wholeNumber('--retries', values.retries, 2, 0),
    warmupSeconds: wholeNumber('--warmup', values.warmup, 8),
    limits: values.limits ?? false,
    policies: values.policies ?? false,
    mode,
    check: values.check ?? false,
    json: values.json ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      options: {
        only: { type: 'string' },
        measures: { type: 'string' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        retries: { type: 'string' },
        warmup: { type: 'string' },
        limits: { type: 'boolean' },
        policies: { type: 'boolean' },
        memory: { type: 'boolean' },
        profile: { type: 'boolean' },
        check: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function defaultTargets(mode: Options['mode']): TargetName[] {
  if (mode === 'profile') return ['weir']
  return mode === 'memory' ? ['bare', 'weir'] : [...targetNames]
}

function pick<T extends string>(option: string, value: string, known: readonly T[]): T[] {
  const wanted = value.split(',').map((name) => name.trim())
  const unknown = wanted.filter((name) => !known.some((candidate) => candidate === name))
  if (unknown.length > 0)
    throw new UsageError(`${option}: ${unknown.join(', ')} is none of ${known.join(', ')}.`)
  return known.filter((candidate) => wanted.includes(candidate))
}

function wholeNumber(option: string, value: string | undefined, byDefault: number, lowest = 1): number {
  if (value === undefined) return byDefault
  if (!/^\d{1,5}$/.test(value) || Number(value) < lowest) {
    throw new UsageError(`${option}: ${value} is not a whole number from ${lowest}.`)
  }
  return Number(value)
}
