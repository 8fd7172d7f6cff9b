import { detectorNames } from '@weir/detectors'
import { beforeAll, describe, expect, it } from 'vitest'
import { makeExamples } from './examples.js'
import { floors, missesOf } from './floors.js'
import { measure, type Measurement } from './measure.js'

describe('the labelled examples', () => {
  const examples = makeExamples(1)

  it('are two thousand or more, and the same for the same seed', () => {
    expect(examples.length).toBeGreaterThanOrEqual(2000)
    expect(makeExamples(1)).toEqual(examples)
    expect(makeExamples(2)).not.toEqual(examples)
  })

  it('have something to find for each detector, and texts with nothing', () => {
    for (const name of detectorNames) {
      const count = examples
        .flatMap(({ labels }) => labels)
        .filter(({ detector }) => detector === name).length
      expect(count, name).toBeGreaterThanOrEqual(50)
    }
    expect(examples.filter(({ labels }) => labels.length === 0).length).toBeGreaterThanOrEqual(800)
  })

  it('have labels within their texts', () => {
    for (const { text, labels } of examples) {
      for (const { start, end } of labels) expect(text.slice(start, end).length).toBe(end - start)
    }
  })
})

describe('detectors on the labelled examples', () => {
  let measurement: Measurement
  beforeAll(() => {
    measurement = measure(makeExamples(1))
  }, 60_000)

  it.each(detectorNames)('keep the floors of %s', (name) => {
    const scores = measurement.scores.filter(({ detector }) => detector === name)
    expect(scores).toHaveLength(1)
    expect(missesOf(scores)).toEqual([])
  })

  it('are below a floor when they find nothing, or too much', () => {
    const [score] = measurement.scores
    expect(score && missesOf([{ ...score, recall: 0 }])).toEqual([
      `email: recall 0.000 is below ${floors.email.recall}`,
    ])
    expect(score && missesOf([{ ...score, precision: 0.5 }])).toHaveLength(1)
  })
})
