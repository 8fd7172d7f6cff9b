import { compileDetectors, type DetectorSettings, detectorNames, SettingsError } from '@weir/detectors'
import { Field } from '@weir/http'

const maxDetectors = 50
const maxDetectorsBytes = 256 * 1024

// Lines may be broken; nothing else that terminals and logs would act upon.
const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]|\p{Surrogate}/u

/** A text of several lines. */
export function ProseField(options: {
  description: string
  maxLength: number
  optional?: true | 'not null'
  example?: string
}): PropertyDecorator {
  const { maxLength } = options
  return Field(options, { type: String, minLength: 1, maxLength }, (value) => {
    if (typeof value !== 'string') return 'must be a string'
    if (value.trim() === '') return 'may not be blank'
    if (value.length > maxLength) return `must have at most ${maxLength} characters`
    return unprintable.test(value) ? 'may not contain control characters' : undefined
  })
}

/** Detectors, each by its name alone or as an object with its name and settings. */
export function DetectorsField(options: { description: string; optional?: true }): PropertyDecorator {
  const choice = {
    oneOf: [
      { type: 'string', enum: [...detectorNames] },
      {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string', enum: [...detectorNames] } },
        additionalProperties: true,
      },
    ],
  }
  const example = ['email', 'payment_card', { name: 'words', words: ['Project Falcon'] }]
  const schema = { type: 'array', items: choice, maxItems: maxDetectors } as object
  return Field({ ...options, example }, schema, findDetectorsMistake)
}

/** What is wrong with a list of detectors; undefined: nothing. */
export function findDetectorsMistake(value: unknown): string | undefined {
  if (!Array.isArray(value)) return 'must be a list of detectors'
  if (value.length > maxDetectors) return `must have at most ${maxDetectors} entries`
  for (const [index, entry] of (value as unknown[]).entries()) {
    const name = typeof entry === 'object' && entry !== null ? (entry as { name?: unknown }).name : entry
    if (typeof name !== 'string')
      return `entry ${index} must be the name of a detector, or an object with its name`
  }
  if (Buffer.byteLength(JSON.stringify(value)) > maxDetectorsBytes)
    return 'must have at most 256 KiB of settings'
  if (new Set(value.map((entry) => JSON.stringify(entry))).size < value.length) return 'has an entry twice'
  try {
    compileDetectors(value as DetectorSettings[])
    return undefined
  } catch (error) {
    if (error instanceof SettingsError) return error.message
    throw error
  }
}
