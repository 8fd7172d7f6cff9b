import {
  type Check,
  type Fields,
  findMistakes,
  isObject,
  type Mistake,
  numberFrom,
  objectOf,
} from './check.js'
import { text, truth, wordOf, wordsOf } from './check.js'

/** Begins the system prompt of every request. */
export interface SystemPromptSettings {
  text: string
}

/** Request parameters that are kept within bounds. */
export const clampedParameters = {
  temperature: [0, 2],
  top_p: [0, 1],
  presence_penalty: [-2, 2],
  frequency_penalty: [-2, 2],
  max_tokens: [1, 2_000_000_000],
  n: [1, 128],
} as const

/** Keeps numbers of a request within bounds; those that are left out stay so. */
export interface ParameterClampSettings {
  parameters: Partial<Record<keyof typeof clampedParameters, { min?: number; max?: number }>>
}

/** Sends headers to the provider. */
export interface HeaderInjectionSettings {
  headers: Record<string, string>
}

/** What can be masked. */
export const piiDetectors = ['email', 'phone', 'payment_card', 'iban', 'ip_address', 'us_ssn'] as const

/** Replaces personal data by placeholders. */
export interface PiiMaskingSettings {
  detectors: (typeof piiDetectors)[number][]
  /** Left out: both. */
  applies_to?: 'input' | 'output' | 'both'
  /** The answer has the caller's own data again where the model wrote their placeholders; left out: no. */
  restore?: boolean
}

/** Asks an address before a request, after a response, or both. */
export interface WebhookSettings {
  url: string
  /** Left out: both. */
  events?: ('request' | 'response')[]
  timeout_ms: number
  /** What happens when it does not answer: `open` goes on, `closed` refuses. */
  on_failure: 'open' | 'closed'
  /** What calls are signed with; kept sealed, and never shown. */
  secret: string
}

/** Ends answers that are longer. */
export interface ResponseLengthCapSettings {
  max_characters: number
}

/** The settings of each plugin. */
export interface PluginSettings {
  system_prompt: SystemPromptSettings
  parameter_clamp: ParameterClampSettings
  header_injection: HeaderInjectionSettings
  pii_masking: PiiMaskingSettings
  webhook: WebhookSettings
  response_length_cap: ResponseLengthCapSettings
}

export type PluginName = keyof PluginSettings

/** The plugins whose runtime the gateway has: no other can be attached to a deployment. */
export const availablePlugins: readonly PluginName[] = [
  'system_prompt',
  'parameter_clamp',
  'header_injection',
  'pii_masking',
  'webhook',
  'response_length_cap',
]

/** Most plugins that a deployment has. */
export const maxPlugins = 20

// Those that carry credentials or frame the message are the gateway's own.
const reserved =
  /^(host|connection|content-length|content-type|content-encoding|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*|authorization|x-api-key|api-key|x-goog-api-key|cookie|x-amz-.*|x-forwarded-.*)$/i

const headers: Check = (value) => {
  if (!isObject(value)) return 'must be an object of names and values'
  const entries = Object.entries(value)
  if (entries.length === 0 || entries.length > 20) return 'must have 1 to 20 entries'
  for (const [name, content] of entries) {
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]{1,100}$/i.test(name))
      return `may not have the name ${JSON.stringify(name)}`
    if (reserved.test(name)) return `may not have ${name}, which the gateway sets itself`
    if (typeof content !== 'string' || !/^[\x20-\x7e]{0,1000}$/.test(content))
      return `must have printable ASCII of at most 1000 characters in ${name}`
  }
  return undefined
}

const bounds = ([lowest, highest]: readonly [number, number]): Check => {
  const isBounds = objectOf({ 'min?': numberFrom(lowest, highest), 'max?': numberFrom(lowest, highest) })
  return (value) => {
    const mistake = isBounds(value)
    if (mistake !== undefined) return mistake
    const { min, max } = value as { min?: number; max?: number }
    if (min === undefined && max === undefined) return 'must have min or max'
    return min !== undefined && max !== undefined && min > max
      ? 'must have a min that is not above its max'
      : undefined
  }
}

const parameters: Check = (value) => {
  if (!isObject(value) || Object.keys(value).length === 0) return 'must be an object of parameters and bounds'
  const fields = Object.entries(clampedParameters).map(
    ([name, range]) => [`${name}?`, bounds(range)] as const,
  )
  return objectOf(Object.fromEntries(fields))(value)
}

const fieldsOf: Readonly<Record<PluginName, Fields>> = {
  system_prompt: { text: text({ maxLength: 20_000 }) },
  parameter_clamp: { parameters },
  header_injection: { headers },
  pii_masking: {
    detectors: wordsOf(...piiDetectors),
    'applies_to?': wordOf('input', 'output', 'both'),
    'restore?': truth,
  },
  webhook: {
    url: text({ maxLength: 500 }),
    'events?': wordsOf('request', 'response'),
    timeout_ms: numberFrom(100, 30_000, 'whole'),
    on_failure: wordOf('open', 'closed'),
    secret: text({ minLength: 16, maxLength: 500 }),
  },
  response_length_cap: { max_characters: numberFrom(1, 10_000_000, 'whole') },
}

/** Settings that nobody is shown again, and that are kept sealed. */
const secretFields: Partial<Record<PluginName, readonly string[]>> = { webhook: ['secret'] }

const secretsOf = (plugin: string): readonly string[] =>
  Object.hasOwn(secretFields, plugin) ? (secretFields[plugin as PluginName] ?? []) : []

/** Right settings as they are kept: with their secrets sealed. */
export function sealSecrets(
  plugin: string,
  settings: Record<string, unknown>,
  seal: (secret: string) => string,
): Record<string, unknown> {
  const sealed = secretsOf(plugin).map((field) => [field, seal(String(settings[field]))])
  return { ...settings, ...(Object.fromEntries(sealed) as Record<string, string>) }
}

/** Settings as they are shown. */
export function withoutSecrets(plugin: string, settings: object): Record<string, unknown> {
  const secrets = secretsOf(plugin)
  return Object.fromEntries(
    Object.entries(settings as Record<string, unknown>).filter(([field]) => !secrets.includes(field)),
  )
}

/** All that is wrong with the settings of a plugin. */
export function findSettingsMistakes(plugin: PluginName, settings: unknown): Mistake[] {
  if (!isObject(settings)) return [{ field: 'settings', message: 'must be an object' }]
  return findMistakes(fieldsOf[plugin], settings)
}
