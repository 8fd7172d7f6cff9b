import type { DetectorSettings } from '@weir/detectors'
import { describe, expect, it } from 'vitest'
import { keyOf, scan, toSets } from './scan.js'

const card = '4111 1111 1111 1111'
const inOwnMessages = (...texts: string[]) => texts.map((text, message) => ({ text, message }))
const inOneMessage = (...texts: string[]) => texts.map((text) => ({ text, message: 1 }))

describe('looking through texts', () => {
  it('finds what each detector is for, in the place of its text', () => {
    const sets = toSets(['payment_card', 'email', 'email'])
    expect(sets).toHaveLength(1)
    const found = scan(sets, inOwnMessages('nothing', `my ${card}`, 'ann@mail.example'))
    expect(found.map((each) => each.map(({ by, start, end }) => [by, start, end]))).toEqual([
      [],
      [['payment_card', 3, 22]],
      [['email', 0, 16]],
    ])
  })

  it('says which settings found something', () => {
    const [falcon, eagle]: [DetectorSettings, DetectorSettings] = [
      { name: 'words', words: ['falcon'] },
      { name: 'words', words: ['eagle'] },
    ]
    const [found] = scan(toSets([falcon, eagle]), inOwnMessages('an eagle'))
    expect(found?.map(({ by }) => by)).toEqual([keyOf(eagle)])
  })

  it('finds what is divided among the parts of a message, a piece in each', () => {
    const found = scan(toSets(['payment_card']), inOneMessage('my 4111', ' 1111 11', '11 1111 is'))
    expect(found.map((each) => each.map(({ start, end }) => [start, end]))).toEqual([
      [[3, 7]],
      [[0, 8]],
      [[0, 7]],
    ])
  })

  it('finds once what one part has whole', () => {
    const found = scan(toSets(['payment_card']), inOneMessage('my', ` ${card} `, 'is'))
    expect(found.map((each) => each.length)).toEqual([0, 1, 0])
  })

  it('joins nothing of two messages', () => {
    const found = scan(toSets(['payment_card']), inOwnMessages('4111 1111', ' 1111 1111'))
    expect(found).toEqual([[], []])
  })
})
