import { usageUnits } from '@weir/rating'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromRate, priceFields, toRate } from './price-field.js'

describe('the keys of prices', () => {
  it('are one for each unit', () => {
    expect(priceFields.map(({ unit }) => unit).toSorted()).toEqual([...usageUnits].toSorted())
  })

  it('say the amount that was given, to the last digit', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 13n }),
        fc.constantFrom(...priceFields.map(({ per }) => per)),
        (nanoUsd, per) => {
          expect(fromRate(toRate(nanoUsd, per), per)).toBe(nanoUsd)
        },
      ),
    )
  })
})
