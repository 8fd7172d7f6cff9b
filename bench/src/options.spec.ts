import { describe, expect, it } from 'vitest'
import { parseOptions, UsageError } from './options.js'

describe('options', () => {
  it('measure everything of every target by default', () => {
    expect(parseOptions([])).toEqual({
      targets: ['direct', 'bare', 'dispatch', 'weir'],
      measures: ['closed', 'translated', 'rate', 'stream', 'paced', 'first'],
      rounds: 3,
      seconds: 5,
      retries: 2,
      warmupSeconds: 8,
      mode: 'rounds',
      check: false,
      limits: false,
      policies: false,
      json: false,
    })
  })

  it('profile the gateway unless told otherwise', () => {
    expect(parseOptions(['--profile'])).toMatchObject({ mode: 'profile', targets: ['weir'] })
    expect(parseOptions(['--profile', '--only=bare'])).toMatchObject({ targets: ['bare'] })
  })

  it.each([
    [['--only', 'nginx'], 'nginx is none of direct, bare, dispatch, weir'],
    [['--measures', 'closed,x'], 'x is none of'],
    [['--rounds', '0'], 'not a whole number'],
    [['--check', '--only', 'bare'], '--check needs weir'],
    [['--memory', '--profile'], 'exclude each other'],
    [['--what'], '--what'],
  ])('refuse %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError)
    expect(() => parseOptions(args)).toThrow(message)
  })
})
