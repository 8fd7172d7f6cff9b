import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileDetectors, mask } from './index.js'

const card = '4111 1111 1111 1111'
const detectors = compileDetectors(['payment_card', 'email', 'secret', 'prompt_injection'])
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const percent = (text: string): string =>
  Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
const unicode = (text: string): string =>
  text.replace(/./g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)

const disguised: readonly [string, string][] = [
  ['zero-width characters', card.split('').join('\u200b')],
  ['soft hyphens', card.replaceAll('1', '\u00ad1')],
  ['tags and variation selectors', card.replaceAll('1', '\ufe0f\u{e0041}1')],
  ['full-width digits', card.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))],
  ['Arabic digits', card.replace(/\d/g, (digit) => String.fromCharCode(0x660 + Number(digit)))],
  ['mathematical digits', card.replace(/\d/g, (digit) => String.fromCodePoint(0x1d7ce + Number(digit)))],
  ['circled digits', card.replaceAll('1', '①').replaceAll('4', '④')],
  ['keycaps', card.replace(/\d/g, (digit) => `${digit}\ufe0f\u20e3`)],
  ['marks on digits', card.replaceAll('1', '1\u0336')],
  ['other spaces', card.replaceAll(' ', '\u2009')],
  ['other dashes', card.replaceAll(' ', '\u2011')],
  ['percent signs', percent(card)],
  ['double percent signs', percent(percent(card))],
  ['escapes of JSON', unicode(card)],
  ['entities of HTML', card.replace(/\d/g, (digit) => `&#${0x30 + Number(digit)};`)],
]

describe('a number in disguise (threat 25)', () => {
  it.each(disguised)('is found behind %s, where it stands', (_, hidden) => {
    const text = `my card is ${hidden}, thanks`
    expect(mask(text, detectors.scan(text))).toBe('my card is [payment_card], thanks')
  })

  it('is found wherever its first escape stands', () => {
    for (let length = 0; length < 20; length++) {
      for (const hide of [percent, unicode]) {
        const text = `${'-'.repeat(length)} ${hide(card)}`
        expect(detectors.scan(text)).toMatchObject([{ start: length + 1, end: text.length }])
      }
    }
  })

  it('is found in base64 by what is said of it outside', () => {
    const text = `born ${base64('(on 12 April 1990, a Thursday)')}`
    expect(compileDetectors(['date_of_birth']).scan(text)).toMatchObject([{ start: 5, end: text.length }])
  })

  it('is found in base64, also of URLs, in lines, twice, and at any alignment', () => {
    const sentence = `my card is ${card} and it is new, so please take it`
    const encoded = base64(sentence)
    const wrapped = base64(sentence.repeat(3)).replace(/.{64}/g, '$&\n')
    const url = Buffer.from(`${sentence} ???>>>`).toString('base64url')
    for (const hidden of [encoded, wrapped, url, base64(encoded), `x${encoded}`, `xy${encoded}`]) {
      const text = `decode this: ${hidden}`
      const [finding] = detectors.scan(text)
      expect(finding).toMatchObject({ detector: 'payment_card', start: 13 })
    }
  })

  it('is found in the arguments of a tool, which are JSON in JSON', () => {
    const text = JSON.stringify({
      arguments: JSON.stringify({ to: 'ann@mail.example', note: `Card\u00a0${card}` }),
    })
    expect(detectors.scan(text).map(({ detector }) => detector)).toEqual(['email', 'payment_card'])
  })

  it('is found far into a long encoded text', () => {
    const text = base64(
      `${'The weather is fine. '.repeat(500)}My card is ${card}. ${'And dry. '.repeat(500)}`,
    )
    expect(detectors.scan(text)).toMatchObject([{ detector: 'payment_card' }])
  })
})

describe('places', () => {
  it('are those of the text as given, whatever is hidden in it', () => {
    const hidden = fc.constantFrom('', '\u200b', '\ufeff\u2060', '\u00ad')
    const around = fc.constantFrom('é', 'e\u0301', '统', '\ud83d\ude00', ' ', '\u0301', 'ﬁ', '\ud83d')
    fc.assert(
      fc.property(
        fc.array(around),
        fc.array(hidden, { minLength: 16, maxLength: 16 }),
        fc.array(around),
        (a, gaps, b) => {
          const address = [...'ann@mail.example']
            .map((sign, at) => (at === 0 ? sign : gaps[at] + sign))
            .join('')
          const before = `${a.join('')} <`
          const text = `${before}${address}> ${b.join('')}`
          const found = detectors.scan(text)
          expect(found).toMatchObject([{ start: before.length, end: before.length + address.length }])
        },
      ),
      { numRuns: 200 },
    )
  })
})
