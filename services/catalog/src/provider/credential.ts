import type { AwsCredential } from '@weir/aws-signature'
import { invalidFields } from '@weir/errors'
import type { ProviderType } from './provider-type.js'

const names = ['access_key_id', 'secret_access_key', 'session_token'] as const

/** The text that is sealed: as it was given, but AWS credentials in one form. Throws invalid_request. */
export function toSecretText(type: ProviderType, apiKey: string): string {
  if (type === 'sandbox') throw invalid('a sandbox needs none')
  if (!apiKey.startsWith('{')) return apiKey
  if (type !== 'bedrock') throw invalid('may be a JSON object for bedrock alone')
  return JSON.stringify(parseAws(apiKey))
}

/** What a sealed text is. */
export function fromSecretText(type: ProviderType, text: string): string | AwsCredential {
  if (type !== 'bedrock' || !text.startsWith('{')) return text
  const given = parseAws(text)
  return {
    accessKeyId: given.access_key_id ?? '',
    secretAccessKey: given.secret_access_key ?? '',
    sessionToken: given.session_token,
  }
}

function parseAws(text: string): Partial<Record<(typeof names)[number], string>> {
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch {
    throw invalid('begins like a JSON object and is none')
  }
  const fields = Object.entries(given as object)
  const isKnown = ([name, value]: [string, unknown]) =>
    (names as readonly string[]).includes(name) && typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)
  const found = Object.fromEntries(fields.filter(isKnown)) as Record<string, string>
  if (fields.length > Object.keys(found).length || !found['access_key_id'] || !found['secret_access_key']) {
    throw invalid('must have access_key_id, secret_access_key and, for a session, session_token, as strings')
  }
  return found
}

function invalid(message: string): Error {
  return invalidFields([{ field: 'api_key', message }])
}
