import { describe, expect, it } from 'vitest'
import { UpstreamFailure } from '../upstream/upstream.js'
import { judgeStatus, toAppError } from './upstream-error.js'

const judge = (status: number, retryAfter?: string) =>
  judgeStatus({ status, retryAfter, provider: 'acme', providerModel: 'm-1', model: 'm' })

describe('judgeStatus', () => {
  it.each([
    [401, 502, 'provider_error'],
    [403, 502, 'provider_error'],
    [404, 400, 'unsupported_model'],
    [408, 504, 'provider_timeout'],
    [429, 429, 'rate_limit_exceeded'],
    [500, 502, 'provider_error'],
    [503, 502, 'provider_error'],
    [529, 502, 'provider_error'],
    [504, 504, 'provider_timeout'],
    [302, 502, 'provider_error'],
  ])('answers an upstream’s %i with %i %s', (status, expected, code) => {
    const verdict = judge(status)
    expect(verdict).toMatchObject({ kind: 'error', error: { status: expected, code } })
  })

  it.each([400, 409, 413, 422])('passes a refusal of the request itself on (%i)', (status) =>
    expect(judge(status)).toEqual({ kind: 'pass' }),
  )

  it('does not pass words on that quote the credential', () => {
    const options = { status: 400, retryAfter: undefined, provider: 'acme', providerModel: 'm-1', model: 'm' }
    expect(judgeStatus({ ...options, quotesCredential: true })).toMatchObject({
      error: { code: 'provider_error' },
    })
  })

  it('passes a sane retry-after on', () => {
    const headers = (retryAfter?: string) => {
      const verdict = judge(429, retryAfter)
      return verdict.kind === 'error' ? verdict.error.toHeaders() : undefined
    }
    expect(headers('7')).toEqual({ 'retry-after': '7' })
    expect(headers('7\r\nx: y')).toEqual({ 'retry-after': '1' })
  })
})

it('tells a time-out from a failure', () => {
  expect(toAppError(new UpstreamFailure('timeout', 'x'), 'p')).toMatchObject({ status: 504 })
  expect(toAppError(new UpstreamFailure('unreachable', 'x'), 'p')).toMatchObject({ status: 502 })
})
