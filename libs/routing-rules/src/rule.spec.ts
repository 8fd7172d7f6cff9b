import { describe, expect, it } from 'vitest'
import { compileRule, findRuleMistake, type RequestFacts, toRuleContext } from './index.js'

/** A Sunday, half past two in the afternoon. */
const sunday = Date.parse('2030-01-06T14:30:00Z')

const matches = (expression: string, facts: Partial<RequestFacts> = {}) =>
  compileRule(expression).matches(
    toRuleContext({
      ...{ model: 'assistant', inputTokens: 100, hasTools: false, stream: false, headers: {}, metadata: {} },
      ...{ nowMs: sunday, budgetLeftRatio: 1 },
      ...facts,
    }),
  )

describe('routing rules', () => {
  it('ask about every fact of a request', () => {
    expect(matches('model == "assistant"')).toBe(true)
    expect(matches('model.startsWith("gpt")')).toBe(false)
    expect(matches('input_tokens > 100000', { inputTokens: 100_000.5 })).toBe(true)
    expect(matches('input_tokens > 100000', { inputTokens: 100_000 })).toBe(false)
    expect(matches('has_tools && !stream', { hasTools: true })).toBe(true)
    expect(matches('headers["x-tier"] == "gold"', { headers: { 'x-tier': 'gold' } })).toBe(true)
    expect(matches('"team" in metadata', { metadata: { team: 'a' } })).toBe(true)
    expect(matches('weekday >= 6 && hour >= 14 && hour < 15')).toBe(true)
    expect(matches('now < timestamp("2030-01-06T14:30:01Z")')).toBe(true)
    expect(matches('budget_left_ratio < 0.1', { budgetLeftRatio: 0.05 })).toBe(true)
    expect(matches('headers.exists(name, name == "x-a")', { headers: { 'x-a': '' } })).toBe(true)
  })

  it('do not match where something they ask for was not sent', () => {
    expect(matches('headers["x-tier"] != "gold"')).toBe(false)
    expect(matches('metadata.plan == "free"')).toBe(false)
    expect(matches('!("plan" in metadata)')).toBe(true)
    expect(matches('headers["constructor"] != ""')).toBe(false)
    expect(matches('"__proto__" in headers || "toString" in headers')).toBe(false)
  })

  it.each([
    ['', /no CEL expression/],
    ['model ==', /no CEL expression/],
    ['modell == "a"', /no CEL expression.*modell/],
    ['model == 1', /no CEL expression/],
    ['input_tokens', /must be true or false.*int/],
    ['process.exit()', /no CEL expression/],
    ['model.matches("(a+)+$")', /may not use matches/],
    ['[model].exists(m, m.matches("a"))', /may not use matches/],
    ['headers.all(a, headers.all(b, a == b))', /may not have a loop/],
    [`model == "${'x'.repeat(2_000)}"`, /longer than/],
    [Array.from({ length: 150 }, () => 'stream').join(' || '), /no CEL expression/],
    ['('.repeat(900) + 'stream' + ')'.repeat(900), /no CEL expression/],
  ])('refuse %s', (expression, mistake) => {
    expect(findRuleMistake(expression)).toMatch(mistake)
    expect(() => compileRule(expression)).toThrow(mistake)
  })

  it('take no time worth speaking of', () => {
    const rule = compileRule(
      'headers.exists(n, n.startsWith("x-") && headers[n].contains("z")) || input_tokens > 5',
    )
    const headers = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x-${i}`, 'a'.repeat(8_000)]))
    const facts = { model: 'm', inputTokens: 1, hasTools: false, stream: false, headers, metadata: {} }
    const startedAt = performance.now()
    expect(rule.matches(toRuleContext({ ...facts, nowMs: sunday, budgetLeftRatio: 1 }))).toBe(false)
    expect(performance.now() - startedAt).toBeLessThan(50)
  })
})
