import fc from 'fast-check'
import validator from 'validator'
import { describe, expect, it } from 'vitest'
import * as checks from './checksums.js'

const digits = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length })
    .map((each) => each.join(''))

/** All numbers that differ in their last digits: some of them are right. */
const endings = (base: string, count: number): string[] =>
  Array.from({ length: 10 ** count }, (_, ending) => base + String(ending).padStart(count, '0'))

describe('check digits', () => {
  it.each([
    ['NHS', checks.isNhs, '9434765919', '9434765918'],
    ['Steuer-ID', checks.isSteuerId, '86095742719', '86095742718'],
    ['NIR', checks.isNir, '255081416802538', '255081416802539'],
    ['NIR of Corsica', checks.isNir, '178012A00100162', '178012B00100162'],
    ['DNI', checks.isDni, '12345678Z', '12345678A'],
    ['NIE', checks.isDni, 'X1234567L', 'Y1234567L'],
    ['codice fiscale', checks.isCodiceFiscale, 'RSSMRA85T10A562S', 'RSSMRA85T10A562T'],
    ['Aadhaar', checks.isVerhoeff, '234123412346', '234123412347'],
    ['CPF', checks.isCpf, '52998224725', '52998224724'],
    ['CNPJ', checks.isCnpj, '11222333000181', '11222333000180'],
  ] as const)('tell a right %s from a wrong one', (_, isRight, right, wrong) => {
    expect(isRight(right)).toBe(true)
    expect(isRight(wrong)).toBe(false)
  })

  it('agree with the validator library', () => {
    fc.assert(
      fc.property(digits(14), (number) => {
        const spanish = number.slice(0, 8)
        for (const letter of 'TRWAGMYFPDXBNJZSQVHLCKE') {
          expect(checks.isDni(spanish + letter)).toBe(validator.isIdentityCard(spanish + letter, 'ES'))
        }
        for (const cpf of endings(number.slice(0, 9), 2)) {
          expect(checks.isCpf(cpf)).toBe(validator.isTaxID(cpf, 'pt-BR'))
        }
        for (const tax of endings(number.slice(0, 10), 1)) {
          if (checks.isSteuerId(tax)) expect(validator.isTaxID(tax, 'de-DE')).toBe(true)
        }
        for (const aadhaar of endings(`3${number.slice(0, 10)}`, 1)) {
          expect(checks.isVerhoeff(aadhaar)).toBe(validator.isIdentityCard(aadhaar, 'IN'))
        }
      }),
      { numRuns: 40 },
    )
  })

  it('leave out the ranges that the US never gives', () => {
    expect(
      ['000121234', '666121234', '912121234', '219009998', '219090000', '078051120'].filter(checks.isSsn),
    ).toEqual([])
    expect(checks.isSsn('219099998')).toBe(true)
    expect([checks.isItin('912701234'), checks.isItin('912121234')]).toEqual([true, false])
  })
})
