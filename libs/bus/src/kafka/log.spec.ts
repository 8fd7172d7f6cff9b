import { logLevel, type LogEntry } from 'kafkajs'
import { describe, expect, it, vi } from 'vitest'
import { kafkaLog } from './log.js'

const entry = (message: string, level = logLevel.ERROR): LogEntry => ({
  namespace: 'Connection',
  level,
  label: 'ERROR',
  log: { timestamp: '', message, broker: 'kafka:9092', stack: 'long' },
})

describe('kafkaLog', () => {
  it('says the same thing once in half a minute', () => {
    let now = 0
    const warn = vi.fn()
    const write = kafkaLog({ info: vi.fn(), warn }, () => now)(logLevel.ERROR)
    for (now of [0, 100, 29_999]) write(entry('connect ECONNREFUSED'))
    write(entry('Request timed out'))
    expect(warn.mock.calls.map(([, message]) => message as string)).toEqual([
      'kafkajs: connect ECONNREFUSED',
      'kafkajs: Request timed out',
    ])
    now = 30_000
    write(entry('connect ECONNREFUSED'))
    expect(warn).toHaveBeenCalledTimes(3)
    expect(warn).toHaveBeenLastCalledWith(
      { namespace: 'Connection', groupId: undefined, broker: 'kafka:9092', error: undefined },
      'kafkajs: connect ECONNREFUSED',
    )
  })

  it('leaves out what is no error', () => {
    const warn = vi.fn()
    kafkaLog({ info: vi.fn(), warn })(logLevel.ERROR)(entry('Consumer has joined the group', logLevel.INFO))
    expect(warn).not.toHaveBeenCalled()
  })
})
