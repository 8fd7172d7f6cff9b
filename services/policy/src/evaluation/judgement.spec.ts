import type { DetectorSettings } from '@weir/detectors'
import { describe, expect, it } from 'vitest'
import { Policy } from '../policy/policy.entity.js'
import { judge, toMessage } from './judgement.js'
import type { Found } from './scan.js'

let lastId = 0
const policy = (fields: Partial<Policy>): Policy =>
  Object.assign(new Policy(), {
    ...{
      id: `pol_${String(++lastId).padStart(3, '0')}`,
      organization: 'org_1',
      workspace: null,
      risk: 'medium',
    },
    ...{ mode: 'enforce', action: 'block', message: null },
    plan: { source: 'detectors', detectors: ['email'], judge: null },
    ...fields,
  })

const found = (fields: Partial<Found> = {}): Found => ({
  ...{ detector: 'email', by: 'email', kind: '', start: 3, end: 8, confidence: 1, ...fields },
})

const texts = [{ place: 'messages[0].content', text: 'to a@b.c or d@e.f' }]

describe('a judgement', () => {
  it('allows what no policy finds anything in', () => {
    const judgement = judge([policy({})], texts, [[found({ detector: 'iban', by: 'iban' })]])
    expect(judgement).toEqual({ verdict: 'allow', decisive: undefined, masked: [], verdicts: [] })
  })

  it.each([
    [['log', 'alert', 'mask', 'block'], 'block'],
    [['log', 'mask', 'alert'], 'mask'],
    [['alert', 'log'], 'allow'],
  ] as const)('of %j is the strictest, whatever their order', (actions, verdict) => {
    const policies = actions.map((action) => policy({ action }))
    for (const order of [policies, [...policies].reverse()]) {
      const judgement = judge(order, texts, [[found()]])
      expect(judgement.verdict).toBe(verdict)
      expect(judgement.verdicts).toHaveLength(actions.length)
    }
  })

  it('is not softened by a policy of a lower scope', () => {
    const above = policy({ action: 'block' })
    const below = policy({ action: 'log', workspace: 'ws_1' })
    expect(judge([above, below], texts, [[found()]])).toMatchObject({
      verdict: 'block',
      decisive: { policy: above },
    })
    expect(
      judge(
        [
          { ...above, action: 'log' },
          { ...below, action: 'block' },
        ],
        texts,
        [[found()]],
      ).verdict,
    ).toBe('block')
  })

  it('does nothing for a policy in shadow, and has its verdict', () => {
    const shadow = policy({ mode: 'shadow' })
    const judgement = judge([shadow], texts, [[found()]])
    expect(judgement.verdict).toBe('allow')
    expect(judgement.verdicts).toMatchObject([{ policy: shadow, count: 1, detectors: ['email'] }])
  })

  it('names the policy of the highest risk among equals, then the older one', () => {
    const [first, second] = [policy({}), policy({})]
    const risky = policy({ risk: 'high' })
    expect(judge([second, first, risky], texts, [[found()]]).decisive?.policy).toBe(risky)
    expect(judge([second, first], texts, [[found()]]).decisive?.policy).toBe(first)
  })

  it('masks what all masking policies find, what overlaps as one', () => {
    const words: DetectorSettings = { name: 'words', words: ['b.c or d'] }
    const masking = [
      policy({ action: 'mask' }),
      policy({ action: 'mask', plan: { source: 'detectors', detectors: [words], judge: null } }),
    ]
    const findings = [
      found({ start: 12, end: 17 }),
      found(),
      found({ detector: 'words', by: JSON.stringify(words), start: 5, end: 13 }),
    ]
    const { verdict, masked } = judge(masking, texts, [findings])
    expect(verdict).toBe('mask')
    expect(masked).toHaveLength(1)
    expect(masked[0]?.text).not.toMatch(/a@|b\.c|d@|e\.f/)
  })

  it('tells findings of two lists of words apart', () => {
    const [mine, other]: [DetectorSettings, DetectorSettings] = [
      { name: 'words', words: ['mine'] },
      { name: 'words', words: ['other'] },
    ]
    const of = (detector: DetectorSettings) =>
      policy({ plan: { source: 'detectors', detectors: [detector], judge: null } })
    const findings = [found({ detector: 'words', by: JSON.stringify(mine) })]
    expect(judge([of(mine), of(other)], texts, [findings]).verdicts).toHaveLength(1)
  })

  it('records where and what, never the text', () => {
    const many = Array.from({ length: 80 }, () => found({ kind: 'x' }))
    const [verdict] = judge([policy({})], texts, [many]).verdicts
    expect(verdict).toMatchObject({ count: 80, detectors: ['email'] })
    expect(verdict?.findings).toHaveLength(50)
    expect(verdict?.findings[0]).toEqual({
      ...{ detector: 'email', kind: 'x', place: 'messages[0].content', start: 3, end: 8, confidence: 1 },
    })
  })

  it('tells the caller the policy’s own words, else what was found and where', () => {
    const told = (fields: Partial<Policy>) => {
      const { decisive } = judge([policy(fields)], texts, [[found()]])
      return decisive && toMessage(decisive)
    }
    expect(told({ message: 'Ask Ann.' })).toBe('Ask Ann.')
    expect(told({})).toBe('it has email in messages[0].content. Remove it and send the request again.')
  })
})
