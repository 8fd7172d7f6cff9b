import { describe, expect, it } from 'vitest'
import { PoisonedMessage, type Delivered } from './bus.js'
import { backoffMs, deliver, toDeadLetter, type Sink } from './delivery.js'

const message = (offset: number): Delivered => ({
  topic: 'weir.test.v1',
  partition: 3,
  offset: BigInt(offset),
  key: 'k',
  value: `{"n":${offset}}`,
  headers: { ce_id: String(offset) },
})

const messages = (count: number): Delivered[] => Array.from({ length: count }, (_, n) => message(n))

/** A sink that writes down what it is asked; `refuse` names the offsets that it finds poisoned. */
function recordingSink(refuse: number[] = []): Sink & { log: string[] } {
  const log: string[] = []
  return {
    log,
    async handle(batch) {
      const bad = batch.messages.find(({ offset }) => refuse.includes(Number(offset)))
      log.push(`handle ${batch.messages.map(({ offset }) => offset).join(',')}`)
      if (bad) throw new PoisonedMessage(bad, 'unreadable')
    },
    async commit(nextOffset) {
      log.push(`commit ${nextOffset}`)
    },
    async deadLetter({ delivered: { offset } }) {
      log.push(`dead-letter ${offset}`)
    },
  }
}

describe('deliver', () => {
  it('commits after the handler is done', async () => {
    const sink = recordingSink()
    await deliver(messages(3), sink)
    expect(sink.log).toEqual(['handle 0,1,2', 'commit 3'])
  })

  it('sets a poisoned message aside, handles those before it again, and goes on with the rest', async () => {
    const sink = recordingSink([2])
    await deliver(messages(5), sink)
    expect(sink.log).toEqual([
      'handle 0,1,2,3,4',
      'handle 0,1',
      'commit 2',
      'dead-letter 2',
      'commit 3',
      'handle 3,4',
      'commit 5',
    ])
  })

  it('gets through a batch in which everything is poisoned', async () => {
    const sink = recordingSink([0, 1])
    await deliver(messages(2), sink)
    expect(sink.log).toEqual([
      'handle 0,1',
      'dead-letter 0',
      'commit 1',
      'handle 1',
      'dead-letter 1',
      'commit 2',
    ])
  })

  it('commits nothing when the handler fails', async () => {
    const sink = recordingSink()
    sink.handle = async () => Promise.reject(new Error('database is away'))
    await expect(deliver(messages(2), sink)).rejects.toThrow('database is away')
    expect(sink.log).toEqual([])
  })

  it('takes a poisoned message that is not in the batch for a failure, so that nothing is skipped', async () => {
    const sink = recordingSink()
    sink.handle = async () => Promise.reject(new PoisonedMessage(message(77), 'from elsewhere'))
    await expect(deliver(messages(2), sink)).rejects.toThrow('from elsewhere')
    expect(sink.log).toEqual([])
  })

  it('does not commit past a poisoned message that the dead-letter topic did not take', async () => {
    const sink = recordingSink([1])
    sink.deadLetter = async () => Promise.reject(new Error('bus is away'))
    await expect(deliver(messages(3), sink)).rejects.toThrow('bus is away')
    expect(sink.log.filter((line) => line.startsWith('commit'))).toEqual(['commit 1'])
  })
})

describe('toDeadLetter', () => {
  it('keeps the message as it was and says where, why and for whom it failed', () => {
    expect(toDeadLetter(new PoisonedMessage(message(9), 'unreadable'), 'metering')).toEqual({
      key: 'k',
      value: '{"n":9}',
      headers: {
        ce_id: '9',
        dead_letter_reason: 'unreadable',
        dead_letter_group: 'metering',
        dead_letter_topic: 'weir.test.v1',
        dead_letter_partition: '3',
        dead_letter_offset: '9',
      },
    })
  })
})

describe('backoffMs', () => {
  it('grows from 0.1 s to 5 s and stays there', () => {
    expect([1, 2, 6, 7, 1000].map(backoffMs)).toEqual([100, 200, 3200, 5000, 5000])
  })
})
