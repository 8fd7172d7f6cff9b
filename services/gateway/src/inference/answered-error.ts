import type { Document } from '../conversation/dialect.js'
import { asObject } from '../conversation/json.js'

/** What an answer has at least one of, whatever was asked for. */
const answers = ['choices', 'content', 'output', 'data', 'results', 'text']

/**
 * The object that an answer with status 200 is. Some servers send their errors with that status too: such an
 * answer is none, is not kept, and another target may do better. Throws for it, and for what is no object.
 */
export function toAnswer(reply: unknown): Document {
  const document = asObject(reply)
  if (!document) throw new Error('its reply is no JSON object.')
  const { error } = document
  const isError = error !== undefined && error !== null && error !== false
  if (isError && !answers.some((field) => field in document)) {
    throw new Error('it sent an error instead of an answer.')
  }
  return document
}
