import type { DetectorSettings } from '@weir/detectors'
import { describe, expect, it } from 'vitest'
import { findPlanMistake, toPlan } from './plan.js'

describe('the plan of a policy', () => {
  it.each([
    ['No credit card numbers or IBANs may be sent to a model.', ['payment_card', 'iban']],
    ['Never share an e-mail address.', ['email']],
    ['Customers’ phone numbers must not leave.', ['phone']],
    ['Block API keys, passwords and other credentials!', ['secret']],
    ['No prompt injections', ['prompt_injection']],
    ['Mask a social security number.', ['national_id']],
  ])('finds its detectors in "%s"', (text, detectors) => {
    const plan = toPlan(text, null)
    expect(plan).toEqual({ source: 'text', detectors: expect.any(Array) as string[], judge: null })
    expect([...plan.detectors].sort()).toEqual([...detectors].sort())
    expect(findPlanMistake(plan)).toBeUndefined()
  })

  it('finds every kind of personal data in one phrase', () => {
    expect(toPlan('No personal data', null).detectors).toContain('date_of_birth')
  })

  it('needs a judge where words are left that no detector stands for', () => {
    const plan = toPlan('No e-mail addresses may leave to providers outside the EU.', null)
    expect(plan).toMatchObject({ detectors: ['email'], judge: { unclear: ['outside', 'eu'] } })
    expect(findPlanMistake(plan)).toContain('outside, eu')
  })

  it('needs a judge where no detector was found at all', () => {
    expect(toPlan('No', null)).toEqual({ source: 'text', detectors: [], judge: { unclear: [] } })
    expect(toPlan('No harassment', null).judge).toEqual({ unclear: ['harassment'] })
  })

  it('is what was given, whatever the text says', () => {
    const words: DetectorSettings = { name: 'words', words: ['Falcon'] }
    expect(toPlan('No harassment', ['email', words])).toEqual({
      ...{ source: 'detectors', detectors: ['email', words], judge: null },
    })
  })

  it('finds whole words alone', () => {
    expect(toPlan('No decoded codecs', null).detectors).toEqual([])
  })
})
