import { describe, expect, it } from 'vitest'
import { UpstreamFailure } from '../upstream/upstream.js'
import type { Refused } from './endpoint.js'
import { judgeAnswer, judgeFailure, type RefusedAnswer } from './upstream-error.js'

const judge = (status: number, more: Partial<RefusedAnswer> = {}) =>
  judgeAnswer({
    ...{ status, retryAfter: undefined, contentType: 'application/json', body: Buffer.from('{}') },
    ...{ provider: 'acme', providerModel: 'm-1', model: 'm' },
    ...more,
  })

const refused = (cause: Refused['error']['cause'], isOwnDialect: boolean): { refused: Refused } => ({
  refused: { error: { status: 400, code: '', message: 'too long', cause }, isOwnDialect },
})

describe('an upstream’s status', () => {
  it.each([
    [401, 502, 'provider_error', 'elsewhere'],
    [403, 502, 'provider_error', 'elsewhere'],
    [404, 400, 'unsupported_model', 'elsewhere'],
    [408, 504, 'provider_timeout', 'again'],
    [429, 429, 'rate_limit_exceeded', 'again'],
    [500, 502, 'provider_error', 'again'],
    [503, 502, 'provider_error', 'again'],
    [529, 502, 'provider_error', 'again'],
    [504, 504, 'provider_timeout', 'again'],
    [302, 502, 'provider_error', 'elsewhere'],
  ])('of %i is answered with %i %s, and may be tried %s', (status, expected, code, remedy) => {
    const failure = judge(status)
    expect(failure).toMatchObject({ remedy, error: { status: expected, code } })
    expect(failure.refusal).toBeUndefined()
  })

  it.each([400, 409, 413, 422])('of a refusal of the request itself (%i) is passed on as it is', (status) =>
    expect(judge(status)).toMatchObject({ remedy: 'nowhere', refusal: { status, body: Buffer.from('{}') } }),
  )

  it('is told in Weir’s words where the caller speaks another dialect', () => {
    const failure = judge(400, refused('other', false))
    expect(failure).toMatchObject({ remedy: 'nowhere', error: { code: 'invalid_request' } })
    expect(failure.error.message).toContain('too long')
    expect(failure.refusal).toBeUndefined()
  })

  it.each(['context_window_exceeded', 'content_filter'] as const)(
    'of a request that another model may take goes elsewhere (%s)',
    (cause) => expect(judge(400, refused(cause, true))).toMatchObject({ remedy: 'elsewhere', cause }),
  )

  it('does not pass words on that quote the credential', () => {
    const failure = judge(400, { quotesCredential: true })
    expect(failure).toMatchObject({ error: { code: 'provider_error' }, remedy: 'nowhere' })
    expect(failure.refusal).toBeUndefined()
  })

  it.each([
    [{ retryAfter: '7' }, 7_000, '7'],
    [{ retryAfter: '1.5' }, 1_500, '2'],
    [{ retryAfterMs: '900' }, 900, '1'],
    [{ retryAfterMs: '900', retryAfter: '20' }, 900, '1'],
    [{ retryAfterMs: 'soon', retryAfter: '20' }, 20_000, '20'],
    [{ retryAfterMs: '99999999999' }, undefined, '1'],
  ])('is tried again when the provider says so: %j', (said, retryAfterMs, told) => {
    const failure = judge(429, said)
    expect(failure.retryAfterMs).toBe(retryAfterMs)
    expect(failure.error.toHeaders()).toEqual({ 'retry-after': told })
  })

  it('passes a sane retry-after on', () => {
    const headers = (retryAfter?: string) => judge(429, { retryAfter }).error.toHeaders()
    expect(headers('7')).toEqual({ 'retry-after': '7' })
    expect(headers('7\r\nx: y')).toEqual({ 'retry-after': '1' })
    expect(headers('-7')).toEqual({ 'retry-after': '1' })
    const date = new Date(Date.now() + 30_000).toUTCString()
    expect(judge(429, { retryAfter: date }).retryAfterMs).toBeGreaterThan(25_000)
    expect(judge(503, { retryAfter: '2' }).retryAfterMs).toBe(2_000)
  })
})

it('tells a time-out from a failure, and what was never sent from what may have been', () => {
  const of = (kind: UpstreamFailure['kind']) => judgeFailure(new UpstreamFailure(kind, 'x'), 'p')
  expect(of('timeout')).toMatchObject({ error: { status: 504 }, remedy: 'again', isUnsent: false })
  expect(of('unreachable')).toMatchObject({ error: { status: 502 }, remedy: 'again', isUnsent: true })
  expect(of('broken')).toMatchObject({ error: { status: 502 }, remedy: 'again', isUnsent: false })
  expect(of('forbidden_address')).toMatchObject({ remedy: 'elsewhere' })
})
