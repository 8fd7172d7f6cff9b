import 'reflect-metadata'
import { plainToInstance, Transform, type TransformFnParams } from 'class-transformer'
import { validateSync, type ValidationError } from 'class-validator'
import { findGuessable } from './guessable.js'

interface Setting {
  property: string
  variable: string
  secret: boolean
}

const settings = new WeakMap<object, Setting[]>()

/** Every mistake of a configuration at once, each named by its environment variable. */
export class ConfigError extends Error {
  constructor(readonly mistakes: string[]) {
    super(`The configuration is not usable:\n${mistakes.map((mistake) => `  - ${mistake}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}

/** Binds a property to an environment variable; a secret's value is never shown. */
export function Env(variable: string, options: { secret?: boolean } = {}): PropertyDecorator {
  return (target, property) => {
    const known = settings.get(target) ?? [...settingsOf(Object.getPrototypeOf(target) as object)]
    known.push({ property: String(property), variable, secret: options.secret ?? false })
    settings.set(target, known)
  }
}

/** Those of the nearest class that declares settings, since a class may only inherit them. */
function settingsOf(prototype: object | null): Setting[] {
  return prototype === null
    ? []
    : (settings.get(prototype) ?? settingsOf(Object.getPrototypeOf(prototype) as object | null))
}

const read = (read: (value: string) => unknown): PropertyDecorator =>
  Transform(({ value }: TransformFnParams) => (typeof value === 'string' ? read(value) : (value as unknown)))

/** A whole number. */
export const AsInteger = (): PropertyDecorator =>
  read((value) => (/^-?\d+$/.test(value) ? Number(value) : value))

/** A switch: 1/true/on or 0/false/off. */
export const AsBoolean = (): PropertyDecorator =>
  read((value) =>
    ['1', 'true', 'on'].includes(value) ? true : ['0', 'false', 'off'].includes(value) ? false : value,
  )

/** A list, separated by commas. */
export const AsList = (): PropertyDecorator =>
  read((value) =>
    value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )

/**
 * Reads and validates a service's whole configuration; an empty variable counts as absent.
 * In production (NODE_ENV) a secret that others can guess is a mistake too.
 * Throws ConfigError with every mistake.
 */
export function loadConfig<T extends object>(type: new () => T, env: NodeJS.ProcessEnv = process.env): T {
  const known = settingsOf(type.prototype as object)
  const plain: Record<string, unknown> = {}
  for (const { property, variable } of known) {
    const value = env[variable]
    if (value !== undefined && value !== '') plain[property] = value
  }
  const config = plainToInstance(type, plain, { exposeDefaultValues: true })
  const errors = validateSync(config, { skipMissingProperties: false })
  const mistakes = errors.map((error) => describe(error, known))
  if (env['NODE_ENV'] === 'production') mistakes.push(...guessable(plain, known))
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return config
}

function guessable(values: Record<string, unknown>, known: Setting[]): string[] {
  return known.flatMap(({ property, variable, secret }) => {
    const value = values[property]
    const reason = secret && typeof value === 'string' ? findGuessable(value) : undefined
    return reason
      ? [`${variable} may not be used in production: it ${reason}. Make one with: openssl rand -base64 32`]
      : []
  })
}

function describe(error: ValidationError, known: Setting[]): string {
  const setting = known.find(({ property }) => property === error.property)
  const name = setting?.variable ?? error.property
  const value: unknown = error.value
  const shown = setting?.secret || value === undefined ? '' : ` (it is ${JSON.stringify(value)})`
  const reasons = Object.values(error.constraints ?? { invalid: 'is not valid' })
    .map((reason) => reason.replace(error.property, '').trim())
    .join(', ')
  return value === undefined ? `${name} is not set: it ${reasons}` : `${name} ${reasons}${shown}`
}

/** The configuration for people: every variable and its value, secrets hidden. */
export function describeConfig(config: object): Record<string, unknown> {
  const known = settingsOf(Object.getPrototypeOf(config) as object)
  return Object.fromEntries(
    known.map(({ property, variable, secret }) => {
      const value = (config as Record<string, unknown>)[property]
      return [variable, secret && value !== undefined ? '(hidden)' : value]
    }),
  )
}
