import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findPersonalData, type PersonalDataKind } from './personal-data.js'

const all: PersonalDataKind[] = ['email', 'phone', 'payment_card', 'iban', 'ip_address', 'us_ssn']
const every = new Set(all)

const found = (text: string, kinds = every) =>
  findPersonalData(text, kinds).map(({ kind, start, end }) => [kind, text.slice(start, end)])

const there: [PersonalDataKind, string, string][] = [
  ['email', 'Write to ann.o-nym+1@mail.example.co.uk.', 'ann.o-nym+1@mail.example.co.uk'],
  ['email', '<jörg@bücher.example>', 'jörg@bücher.example'],
  ['email', '{"to":"a@b.io"}', 'a@b.io'],
  ['phone', 'Call +49 (0)30 1234-5678!', '+49 (0)30 1234-5678'],
  ['phone', 'tel: (415) 555-2671', '(415) 555-2671'],
  ['phone', '415-555-2671 or so', '415-555-2671'],
  ['phone', '1.415.555.2671', '1.415.555.2671'],
  ['phone', 'in Paris 01 42 68 53 00', '01 42 68 53 00'],
  ['phone', '+14155552671', '+14155552671'],
  ['payment_card', 'card 4111 1111 1111 1111 please', '4111 1111 1111 1111'],
  ['payment_card', '378282246310005,', '378282246310005'],
  ['payment_card', '5555-5555-5555-4444 12/28', '5555-5555-5555-4444'],
  ['payment_card', '4111 1111 1111 1111 12/28', '4111 1111 1111 1111'],
  ['iban', 'to DE89 3704 0044 0532 0130 00 today', 'DE89 3704 0044 0532 0130 00'],
  ['iban', 'gb82west12345698765432', 'gb82west12345698765432'],
  ['ip_address', 'from 192.168.10.254:8080', '192.168.10.254'],
  ['ip_address', 'at 2001:db8::8a2e:370:7334.', '2001:db8::8a2e:370:7334'],
  ['us_ssn', 'SSN 219-09-9999.', '219-09-9999'],
]

const not: string[] = [
  'a@b',
  '@home and user@',
  'the 4111 1111 1111 1112 has a wrong check digit',
  'GB82 WEST 1234 5698 7654 33',
  '999.1.1.1',
  'version 1.2.3.4.5',
  '10:30:45',
  'std::cout << add::bad',
  '000-12-3456 and 666-12-3456 and 900-12-3456',
  '2024-01-15 10:30',
  'order 1234567890',
  'a price of 1,234,567.89',
  '0000000000000000',
  '3.14159265358979',
]

/** Long texts that make a careless search take the square of their length, or worse. */
const hostile: [string, string][] = [
  ['@', '@'.repeat(100_000)],
  ['a@a@', 'a@'.repeat(50_000)],
  ['letters', `${'a'.repeat(100_000)}@`],
  ['digits', '4'.repeat(100_000)],
  ['groups', '4 '.repeat(50_000)],
  ['brackets', '('.repeat(100_000)],
  ['plus', '+1 '.repeat(33_000)],
  ['colons', ':'.repeat(100_000)],
  ['IBANs', 'DE89'.repeat(25_000)],
  ['unseen', '\u200b'.repeat(100_000)],
]

describe('personal data', () => {
  it.each(there)('finds %s in %j', (kind, text, value) => expect(found(text)).toEqual([[kind, value]]))

  it.each(not)('finds nothing in %j', (text) => expect(found(text)).toEqual([]))

  it('finds several, in their order', () => {
    expect(found('a@b.io, 10.0.0.1 and b@b.io')).toEqual([
      ['email', 'a@b.io'],
      ['ip_address', '10.0.0.1'],
      ['email', 'b@b.io'],
    ])
  })

  it('looks only for what is asked for', () => {
    expect(found('a@b.io 10.0.0.1', new Set<PersonalDataKind>(['email']))).toEqual([['email', 'a@b.io']])
  })

  it('is not hidden by characters that nobody sees, or by wide ones (threat 25)', () => {
    expect(found('x a\u200b@\u2060b.io y')).toEqual([['email', 'a\u200b@\u2060b.io']])
    expect(found('ａ＠ｂ.io')).toEqual([['email', 'ａ＠ｂ.io']])
    expect(found('4111\u00a01111\u00ad 1111 1111'.replace('\u00ad', ''))).toEqual([
      ['payment_card', '4111\u00a01111 1111 1111'],
    ])
    expect(found('٤١١١ ١١١١ ١١١١ ١١١١')).toEqual([['payment_card', '٤١١١ ١١١١ ١١١١ ١١١١']])
  })

  it.each(hostile)('takes time that grows with the text alone: %s (threat 23)', (_, text) => {
    findPersonalData(text.slice(0, 1_000), every)
    const startedAt = performance.now()
    findPersonalData(text, every)
    expect(performance.now() - startedAt).toBeLessThan(250)
  })

  it('never overlaps, whatever the text', () => {
    const pieces = fc.constantFrom(
      ...there.map(([, text]) => text),
      '@',
      ' ',
      '1',
      '+',
      '(',
      'DE',
      ':',
      '.',
      '-',
      'é',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('')
        let end = 0
        for (const one of findPersonalData(text, every)) {
          expect(one.start).toBeGreaterThanOrEqual(end)
          expect(one.end).toBeGreaterThan(one.start)
          end = one.end
        }
        expect(end).toBeLessThanOrEqual(text.length)
      }),
    )
  })
})
