import { type ErrorCode, errorTable } from '@weir/errors'
import OpenAI from 'openai'
import { expect } from 'vitest'
import type { ErrorBody } from '../stack/client.js'

type SdkError = new (...parameters: never[]) => Error

/** What the official SDK raises. */
export type RaisedError = InstanceType<typeof OpenAI.APIError>

/** Codes that this file has seen. */
export const seen = new Set<ErrorCode>()

/** Asks for a chat completion with the official SDK and gives what it raises. */
export async function raise(
  url: string,
  key: string | null,
  model: string,
  fields = {},
): Promise<RaisedError> {
  const client = new OpenAI({
    ...{ baseURL: `${url}/v1`, apiKey: key ?? 'none', maxRetries: 0 },
    ...(key === null && { defaultHeaders: { authorization: null } }),
  })
  const error: unknown = await client.chat.completions
    .create({ model, messages: [{ role: 'user', content: 'Hello' }], ...fields })
    .then(
      () => undefined,
      (reason: unknown) => reason,
    )
  if (!(error instanceof OpenAI.APIError))
    throw new Error(`Nothing of the API was raised, but ${String(error)}`)
  return error as RaisedError
}

/** Checks an error against its row of the table, and that its message says what happened and what to do. */
export function check(
  error: { status?: number | undefined } & Partial<ErrorBody>,
  code: ErrorCode,
  says: RegExp,
): void {
  seen.add(code)
  const { status, type } = errorTable[code]
  expect(error).toMatchObject({ status, code, type })
  expect(error.message).toMatch(says)
}

/** Checks what the SDK has raised: its class, and all that a caller reads of it. */
export function expectRaised(
  expected: { code: ErrorCode; sdk: SdkError; says: RegExp; param?: string | null },
  error: RaisedError,
): void {
  check({ ...error, message: error.message } as never, expected.code, expected.says)
  expect(error).toBeInstanceOf(expected.sdk)
  expect(error.param).toBe(expected.param ?? null)
  expect(error.requestID).toMatch(/^req_/)
}
