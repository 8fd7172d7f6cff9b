import type { policyV1 } from '@weir/contracts'
import { beforeEach, describe, expect, it } from 'vitest'
import { leaseMs, RateBook, startingMs } from './rate-book.js'
import { windowMs } from './sliding-window.js'

let book: RateBook
let now: number
let sequences: Map<string, number>

beforeEach(() => {
  now = 1_000_000
  book = new RateBook('epoch', now)
  sequences = new Map()
  now += startingMs
})

type Report = Partial<policyV1.RateReport>

const toReport = (report: Report): policyV1.RateReport => ({
  ...{ limit: 'team/sales/requests', maximum: 60, isParallel: false, used: 0, unused: [], history: [] },
  ...{ held: 0, idle: 0, needed: 0, firstNeeded: 1, ahead: 0, ...report },
})

function exchange(
  gateway: string,
  reports: Report[] = [],
  fields: Partial<policyV1.ExchangeRatesRequest> = {},
) {
  const sequence = (sequences.get(gateway) ?? 0) + 1
  sequences.set(gateway, sequence)
  const whole = reports.map(toReport)
  return book.exchange({ gateway, epoch: 'epoch', sequence, leaving: false, reports: whole, ...fields }, now)
}

const grantOf = (gateway: string, report: Report) => {
  const [grant] = exchange(gateway, [report]).grants
  if (!grant) throw new Error('No grant.')
  return grant
}

describe('a limit per minute', () => {
  it('is given once, whoever asks, and again when the minute is over', () => {
    expect(grantOf('a', { needed: 40 }).held).toBe(40)
    expect(grantOf('b', { needed: 40 })).toMatchObject({ held: 20, retryAfterMs: windowMs })
    expect(exchange('a', [{ used: 40 }]).grants[0]).toMatchObject({ held: 0, remaining: 20 })
    exchange('b', [{ used: 20 }])
    expect(grantOf('a', { needed: 1 })).toMatchObject({ held: 0, retryAfterMs: 60_050, isPending: false })
    now += windowMs + 201
    expect(grantOf('a', { needed: 60 }).held).toBe(60)
  })

  it('gives ahead only what others will not lack', () => {
    exchange('b')
    expect(grantOf('a', { needed: 1, ahead: 1_000 }).held).toBe(1 + Math.floor(59 / 4))
    exchange('a', [{ used: 15 }])
    expect(grantOf('b', { needed: 40 }).held).toBe(40)
    const tight = grantOf('a', { needed: 1, ahead: 5 })
    expect(tight).toMatchObject({ held: 1, isTight: true })
  })

  it('calls back what others hold in vain, and says so to who waits', () => {
    exchange('b')
    exchange('a', [{ needed: 1, ahead: 10 }])
    exchange('b', [{ needed: 49, ahead: 0 }])
    exchange('b', [{ used: 49, held: 0, needed: 1 }])
    expect(exchange('a').recalls).toEqual(['team/sales/requests'])
    expect(grantOf('b', { needed: 1 }).isPending).toBe(true)
    exchange('a', [{ used: 1, held: 0 }])
    expect(grantOf('b', { needed: 1 })).toMatchObject({ held: 1, isPending: false })
  })

  it('counts an exchange that was sent twice once', () => {
    exchange('a', [{ needed: 10 }])
    sequences.set('a', 5)
    const first = exchange('a', [{ used: 10, held: 0, needed: 1 }])
    sequences.set('a', 5)
    expect(exchange('a', [{ used: 10, held: 0, needed: 1 }])).toEqual(first)
    expect(first.grants[0]?.remaining).toBe(50)
  })

  it('takes back what a request turned out not to use', () => {
    exchange('a', [{ needed: 50 }])
    exchange('a', [{ used: 50 }])
    now += 5_000
    expect(exchange('a', [{ unused: [{ ageMs: 5_000, amount: 30 }] }]).grants[0]?.remaining).toBe(40)
  })

  it('counts as used what a dead gateway held, and not twice when it comes back', () => {
    exchange('a', [{ needed: 60 }])
    now += leaseMs + 1
    expect(grantOf('b', { needed: 1 }).held).toBe(0)
    const back = exchange('a', [{ used: 25, held: 35 }])
    expect(back).toMatchObject({ hasRejoined: true, grants: [{ held: 0, remaining: 0 }] })
    now += windowMs - 100
    expect(grantOf('b', { needed: 60 }).held).toBe(0)
    now += 400
    expect(grantOf('b', { needed: 60 }).held).toBe(60)
  })
})

describe('a parallel limit', () => {
  const slots = { limit: 'team/sales/parallel', isParallel: true, maximum: 3 }

  it('is free again when requests end, when a gateway leaves, and when it dies', () => {
    expect(grantOf('a', { ...slots, needed: 5 }).held).toBe(3)
    expect(grantOf('b', { ...slots, needed: 1 })).toMatchObject({ held: 0, isPending: true })
    exchange('a', [{ ...slots, held: 2, idle: 0 }])
    expect(grantOf('b', { ...slots, needed: 2 })).toMatchObject({ held: 1, isPending: false })
    exchange('b', [], { leaving: true })
    expect(grantOf('c', { ...slots, needed: 2 }).held).toBe(1)
    now += leaseMs + 1
    book.sweep(now)
    expect(book.slotCount).toBe(0)
    expect(grantOf('d', { ...slots, needed: 3 }).held).toBe(3)
  })

  it('has again what a gateway still uses that was taken for dead', () => {
    exchange('a', [{ ...slots, needed: 2 }])
    now += leaseMs + 1
    book.sweep(now)
    expect(exchange('a').hasRejoined).toBe(true)
    exchange('a', [{ ...slots, held: 2, idle: 0 }])
    expect(grantOf('b', { ...slots, needed: 3 }).held).toBe(1)
  })
})

describe('a new start', () => {
  beforeEach(() => {
    book = new RateBook('next', now)
  })

  it('takes nothing from who has not heard of it, then what was used before', () => {
    const stranger = exchange('a', [{ used: 5, needed: 1 }])
    expect(stranger).toMatchObject({ epoch: 'next', grants: [], isStarting: true })
    const epoch = 'next'
    const history = [{ ageMs: 30_000, amount: 50 }]
    expect(exchange('a', [{ history, needed: 1 }], { epoch })).toMatchObject({
      isStarting: true,
      grants: [{ held: 0, remaining: 10, isPending: false }],
    })
    now += startingMs
    expect(exchange('b', [{ needed: 60 }], { epoch }).grants[0]?.held).toBe(10)
    now += 30_000
    expect(exchange('b', [{ used: 10, needed: 60 }], { epoch }).grants[0]?.held).toBe(50)
  })

  it('forgets limits that nobody uses', () => {
    const epoch = 'next'
    now += startingMs
    exchange('a', [{ needed: 1 }], { epoch })
    exchange('a', [{ used: 1 }], { epoch })
    book.forgetUnused(now)
    expect(book.limitCount).toBe(1)
    now += windowMs + 201
    exchange('a', [], { epoch })
    book.forgetUnused(now)
    expect(book.limitCount).toBe(0)
  })
})
