import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { murmur2, partitionOf } from './murmur2.js'

const kafkaMurmur2 = createRequire(import.meta.url)(
  'kafkajs/src/producer/partitioners/default/murmur2.js',
) as (key: Buffer) => number

describe('murmur2', () => {
  it('agrees with what Kafka clients compute, for any key', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 40 }),
        (key) => murmur2(Buffer.from(key)) === kafkaMurmur2(Buffer.from(key)),
      ),
    )
  })

  it('gives the known hashes of the Java client', () => {
    expect(murmur2(Buffer.from('21'))).toBe(-973932308)
    expect(murmur2(Buffer.from('foobar'))).toBe(-790332482)
    expect(murmur2(Buffer.from('a-little-bit-long-string'))).toBe(-985981536)
  })

  it('spreads keys over all partitions', () => {
    const used = new Set(Array.from({ length: 500 }, (_, n) => partitionOf(`key_${n}`, 12)))
    expect(used.size).toBe(12)
  })
})
