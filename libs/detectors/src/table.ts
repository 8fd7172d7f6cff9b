import { numberFrom, truth, wordsOf, type Check, type Fields } from '@weir/plugin-settings'
import { code } from './content/code.js'
import { language, languages } from './content/language.js'
import { maxPatternLength, pattern, type PatternSettings } from './content/pattern.js'
import { promptInjection } from './content/prompt-injection.js'
import { secret } from './content/secret.js'
import { size } from './content/size.js'
import { findDomainMistake, url } from './content/url.js'
import { longestPhrase, words, type WordsSettings } from './content/words.js'
import type { Detector } from './detector.js'
import type { DetectorName } from './finding.js'
import { dateOfBirth } from './personal/date-of-birth.js'
import { email } from './personal/email.js'
import { iban } from './personal/iban.js'
import { ipAddress } from './personal/ip-address.js'
import { nationalId, nationalIdCountries } from './personal/national-id.js'
import { paymentCard } from './personal/payment-card.js'
import { personName } from './personal/person-name.js'
import { phone, phoneCountries } from './personal/phone.js'
import { postalAddress } from './personal/postal-address.js'

/** One detector as policies know it. */
export interface DetectorRow {
  /** What it finds, for people who write policies. */
  readonly description: string
  /** What may be set, each with its check; `?` at the end of a name: it may be left out. */
  readonly settings: Fields
  /** Makes one of settings that were checked. Throws what no check can tell, such as a pattern's mistake. */
  create(settings: Record<string, unknown>): Detector
}

/** A list of texts, at least one. */
const listOf =
  (most: number, maxLength: number, check: (text: string) => string | undefined = () => undefined): Check =>
  (value) => {
    if (!Array.isArray(value) || value.length === 0) return 'must be a list with at least one entry'
    if (value.length > most) return `must have at most ${most} entries`
    for (const entry of value as unknown[]) {
      if (typeof entry !== 'string' || entry.trim() === '') return 'must have texts that are not empty'
      if (entry.length > maxLength) return `must have texts of at most ${maxLength} characters`
      const mistake = check(entry)
      if (mistake !== undefined) return mistake
    }
    return undefined
  }

const patternText: Check = (value) => {
  if (typeof value !== 'string' || value === '') return 'must be a pattern'
  return value.length > maxPatternLength ? `must have at most ${maxPatternLength} characters` : undefined
}

const plain = (description: string, detector: Detector): DetectorRow => ({
  ...{ description, settings: {} },
  create: () => detector,
})

/** Every detector: the one list that policies, docs and tests are made from. */
export const detectorTable: Readonly<Record<DetectorName, DetectorRow>> = {
  email: plain('E-mail addresses.', email),
  phone: {
    description:
      'Phone numbers, with a country code of any country or as people of some countries write them.',
    settings: { 'countries?': wordsOf(...phoneCountries) },
    create: (settings) => phone(settings),
  },
  payment_card: plain('Payment card numbers with a right check digit.', paymentCard),
  iban: plain('International bank account numbers with right check digits.', iban),
  national_id: {
    description:
      'Numbers that states give to people: US SSN and ITIN, UK NINO and NHS, German Steuer-ID, French NIR, Spanish ' +
      'DNI and NIE, Italian codice fiscale, Indian Aadhaar and PAN, Brazilian CPF and CNPJ.',
    settings: { 'countries?': wordsOf(...nationalIdCountries) },
    create: (settings) => nationalId(settings),
  },
  ip_address: plain('Addresses of IPv4 and IPv6.', ipAddress),
  date_of_birth: plain('Dates that are said to be those of a birth.', dateOfBirth),
  postal_address: plain('Streets with numbers, and boxes; best effort.', postalAddress),
  person_name: plain('Names of people; best effort.', personName),
  secret: plain('Keys, tokens, passwords and other credentials.', secret),
  prompt_injection: plain('Phrases that take over the model that reads them.', promptInjection),
  url: {
    description: 'URLs: all, those of listed domains, or all but those of listed domains.',
    settings: { 'domains?': listOf(10_000, 260, findDomainMistake), 'is_allow_list?': truth },
    create: (settings) => url(settings),
  },
  language: {
    description: 'Text in other languages than the allowed ones.',
    settings: { allowed: wordsOf(...languages) },
    create: (settings) => language(settings as { allowed: string[] }),
  },
  words: {
    description: 'Words and phrases of a list.',
    settings: {
      words: listOf(10_000, longestPhrase),
      'is_case_sensitive?': truth,
      'is_whole_word?': truth,
    },
    create: (settings) => words(settings as unknown as WordsSettings),
  },
  pattern: {
    description: 'A regular expression in the syntax of RE2.',
    settings: {
      pattern: patternText,
      'is_case_sensitive?': truth,
      'max_length?': numberFrom(1, 1024, 'whole'),
    },
    create: (settings) => pattern(settings as unknown as PatternSettings),
  },
  code: plain('Source code.', code),
  size: {
    description: 'Text of more characters than there may be.',
    settings: { max_characters: numberFrom(1, 100_000_000, 'whole') },
    create: (settings) => size(settings as { max_characters: number }),
  },
}
