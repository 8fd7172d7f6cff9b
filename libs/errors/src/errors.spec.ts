import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { AppError, type ErrorCode, errorTable, invalidFields } from './index.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const documented = [...readme.matchAll(/^\| `(\w+)` +\| (\d+) +\| `(\w+)` +\|/gm)].map(
  ([, code, status, type]) => ({
    code,
    status: Number(status),
    type,
  }),
)

describe('the table of errors', () => {
  it('is the one of the documentation, in both directions and in its order', () => {
    const rows = Object.entries(errorTable).map(([code, { status, type }]) => ({ code, status, type }))
    expect(documented).toEqual(rows)
  })

  it('has every refusal that the public interface promises, with its status', () => {
    const promised: Record<number, ErrorCode[]> = {
      400: ['invalid_request', 'unsupported_model', 'provider_key_missing'],
      401: ['missing_api_key', 'invalid_api_key', 'key_disabled', 'key_expired'],
      403: [
        'key_not_associated_with_team',
        'model_not_allowed',
        'source_not_allowed',
        'endpoint_not_allowed',
        'deployment_not_allowed',
        'policy_violation',
      ],
      404: ['model_not_found', 'team_not_found', 'provider_not_found'],
      429: ['rate_limit_exceeded', 'budget_exceeded'],
      502: ['provider_error'],
      503: ['service_unavailable'],
      504: ['provider_timeout'],
    }
    for (const [status, codes] of Object.entries(promised)) {
      for (const code of codes)
        expect({ code, status: errorTable[code].status }).toEqual({ code, status: Number(status) })
    }
  })
})

describe('AppError', () => {
  it('fills its message, and keeps the operator’s part to itself', () => {
    const error = AppError.of(
      'team_not_found',
      { team: 'sales' },
      { internal: 'SELECT secret', param: 'team' },
    )
    expect(error.toEnvelope()).toEqual({
      error: {
        message: 'There is no team `sales`.',
        type: 'not_found_error',
        param: 'team',
        code: 'team_not_found',
      },
    })
  })

  it('puts nothing of a parameter into another', () => {
    expect(AppError.of('model_not_allowed', { model: '{reason}', reason: 'x' }).message).toContain(
      '`{reason}`',
    )
  })

  it('tells clients when to come back, and not to come back for money', () => {
    expect(AppError.of('rate_limit_exceeded', { reason: '' }, { retryAfterS: 3 }).toHeaders()).toEqual({
      'retry-after': '3',
    })
    expect(AppError.of('budget_exceeded', { reason: '' }).toHeaders()).toEqual({ 'x-should-retry': 'false' })
  })

  it('names every wrong field', () => {
    const { error } = invalidFields([
      { field: 'name', message: 'must be a string' },
      { field: 'models.0', message: 'must not be empty' },
    ]).toEnvelope()
    expect(error.message).toBe('name: must be a string; models.0: must not be empty')
    expect(error).toMatchObject({ param: 'name', errors: [{ field: 'name' }, { field: 'models.0' }] })
  })
})
