import { describe, expect, it } from 'vitest'
import { findModelRefusal, type ModelSet } from './index.js'

const all: ModelSet = { all: true, names: new Set() }
const only = (...names: string[]): ModelSet => ({ all: false, names: new Set(names) })

describe('findModelRefusal', () => {
  it('allows what everyone allows', () => {
    expect(
      findModelRefusal({ virtualKey: all, workload: only('a'), teams: [all, only('a', 'b')] }, 'a'),
    ).toBeUndefined()
  })

  it('names who refuses', () => {
    expect(findModelRefusal({ virtualKey: only('b'), workload: all, teams: [] }, 'a')).toBe('virtual key')
    expect(findModelRefusal({ virtualKey: all, workload: only(), teams: [] }, 'a')).toBe('workload')
    expect(findModelRefusal({ virtualKey: all, teams: [all, only('b')] }, 'a')).toBe('team')
  })

  it('lets a key without a workload use what its team may', () => {
    expect(findModelRefusal({ virtualKey: all, teams: [only('a')] }, 'a')).toBeUndefined()
  })
})
