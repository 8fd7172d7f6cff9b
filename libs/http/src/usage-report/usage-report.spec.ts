import 'reflect-metadata'
import { plainToInstance } from 'class-transformer'
import { validateSync } from 'class-validator'
import { describe, expect, it } from 'vitest'
import { encodeCursor } from '../page.js'
import { periodOf, wholeHours } from './period.js'
import { usageReport } from './statement.js'
import { parseMoment } from './usage-filter.dto.js'
import { UsageReportQuery } from './usage-report.dto.js'

const read = (query: object) => plainToInstance(UsageReportQuery, query)
const mistakes = (query: object) =>
  Object.fromEntries(
    validateSync(read(query)).map(({ property, constraints }) => [
      property,
      Object.values(constraints ?? {})[0],
    ]),
  )

describe('a report’s query', () => {
  it('takes dimensions by comma, repeated, or both', () => {
    for (const group_by of ['team,model,key', ['team', 'model', 'key'], ['team, model', 'key']]) {
      const query = read({ group_by })
      expect(query.group_by).toEqual(['team', 'model', 'key'])
      expect(validateSync(query)).toEqual([])
    }
  })

  it('takes a filter once or several times', () => {
    expect(read({ team: 'a' }).team).toEqual(['a'])
    expect(read({ team: ['a', 'b'], workload: '' })).toMatchObject({ team: ['a', 'b'], workload: [''] })
  })

  it.each([
    [{ start: 'yesterday' }, 'start'],
    [{ start: ['2026-01-01', '2026-01-02'] }, 'start'],
    [{ end: '2026-02-30' }, 'end'],
    [{ end: '2026-01-01T00:00:00' }, 'end'],
    [{ interval: 'week' }, 'interval'],
    [{ interval: ['hour', 'day'] }, 'interval'],
    [{ group_by: 'team,tea' }, 'group_by'],
    [{ group_by: 'team,team' }, 'group_by'],
    [{ group_by: '' }, 'group_by'],
    [{ team: { a: '1' } }, 'team'],
    [{ model: 'x'.repeat(1_001) }, 'model'],
    [{ key: 'nul\0' }, 'key'],
    [{ limit: '0' }, 'limit'],
    [{ limit: '1001' }, 'limit'],
    [{ limit: 'all' }, 'limit'],
  ])('refuses %j, and names the parameter', (query, field) => {
    expect(Object.keys(mistakes(query))).toEqual([field])
  })
})

describe('parseMoment', () => {
  it('takes a date as its first moment in UTC, and any offset', () => {
    expect(parseMoment('2026-01-31')?.toISOString()).toBe('2026-01-31T00:00:00.000Z')
    expect(parseMoment('2026-01-31T00:30:00+01:00')?.toISOString()).toBe('2026-01-30T23:30:00.000Z')
    expect(parseMoment('2024-02-29')).toBeDefined()
  })

  it.each(['2023-02-29', '2026-1-1', '2026-01-31T25:00:00Z', '1969-12-31', '', '0', '2026-01-31 10:00Z'])(
    'refuses %j',
    (text) => expect(parseMoment(text)).toBeUndefined(),
  )
})

describe('the period', () => {
  const now = new Date('2026-03-31T12:34:56Z')

  it('is the last 30 days when nothing is said', () => {
    expect(periodOf({}, now)).toEqual({ start: new Date('2026-03-01T12:34:56Z'), end: now })
    expect(periodOf({ end: '2026-03-31' }, now).start).toEqual(new Date('2026-03-01T00:00:00Z'))
  })

  it.each([
    [{ start: '2026-03-02', end: '2026-03-01' }, 'end'],
    [{ start: '2026-03-02', end: '2026-03-02' }, 'end'],
    [{ start: '2026-04-01' }, 'start'],
  ])('refuses %j, which ends before it starts', (query, field) => {
    expect(() => periodOf(query, now)).toThrow(new RegExp(`^${field}: `))
  })

  it('is widened to whole hours', () => {
    expect(wholeHours(periodOf({}, now))).toEqual({
      start: new Date('2026-03-01T12:00:00Z'),
      end: new Date('2026-03-31T13:00:00Z'),
    })
    const whole = { start: new Date('2026-03-01T12:00:00Z'), end: new Date('2026-03-01T13:00:00Z') }
    expect(wholeHours(whole)).toEqual(whole)
  })
})

describe('the statement', () => {
  const caller = { organization: 'org_default' }

  it('has nothing of the caller’s in its text', () => {
    const query = read({
      group_by: 'team',
      interval: 'day',
      team: "'; DROP TABLE ledger; --",
      start: '2026-01-01',
      end: '2026-02-01',
    })
    const report = usageReport({ caller, query, source: 'usage_hourly' })
    expect(report.text).not.toContain('DROP')
    expect(report.values).toContainEqual(["'; DROP TABLE ledger; --"])
    expect(report.values).toContain('org_default')
  })

  it.each([
    ['garbage', 'nonsense'],
    ['of another query', encodeCursor(['a'])],
    ['with a time that is none', encodeCursor(['soon', 'payments'])],
    ['with a NUL character', encodeCursor(['2026-01-01T00:00:00.000Z', 'a\0'])],
  ])('refuses a cursor that is %s', (_, cursor) => {
    const query = read({ group_by: 'team', interval: 'day', cursor })
    expect(() => usageReport({ caller, query, source: 'usage_hourly' })).toThrow(/^cursor: /)
  })
})
