import { describe, expect, it } from 'vitest'
import { checkStorable, eventTimeMs } from './storable-event.js'

const good = {
  eventId: '0190a8f0-0000-7000-8000-000000000000',
  team: 'payments',
  teamPath: 'all/payments',
  inputTokens: 7,
}

describe('checkStorable', () => {
  it('lets an event through that the database can hold', () => {
    const largest = { ...good, inputTokens: 2 ** 31 - 1, teamPath: 'a/'.repeat(20_000) }
    expect(() => checkStorable(largest)).not.toThrow()
  })

  it.each([
    ['an id that is no UUID', { eventId: 'evt_1' }, 'eventId'],
    [
      'an id in upper case, which would be another text for the same UUID',
      { eventId: good.eventId.toUpperCase() },
      'eventId',
    ],
    ['a number beyond an integer', { inputTokens: 2 ** 31 }, 'inputTokens'],
    ['a NUL character', { team: 'pay\0ments' }, 'team'],
    ['a name that no index can hold', { team: 'é'.repeat(501) }, 'team'],
    ['an endless path', { teamPath: 'a/'.repeat(40_000) }, 'teamPath'],
  ])('refuses %s', (_, change, field) => {
    expect(() => checkStorable({ ...good, ...change })).toThrow(new RegExp(`^${field} `))
  })
})

describe('eventTimeMs', () => {
  it('reads RFC 3339', () => {
    expect(eventTimeMs('startedAt', '2026-01-31T23:30:00.5-01:00')).toBe(Date.UTC(2026, 1, 1, 0, 30, 0, 500))
  })

  it.each([
    '',
    'yesterday',
    '2026-01-31',
    '2026-13-01T00:00:00Z',
    '1969-12-31T23:59:59Z',
    '+012026-01-01T00:00:00Z',
    '2026-01-31 10:00:00Z',
  ])('refuses %j', (text) => expect(() => eventTimeMs('startedAt', text)).toThrow('startedAt is not a time'))
})
