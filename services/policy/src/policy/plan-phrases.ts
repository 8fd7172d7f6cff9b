import type { DetectorName } from '@weir/detectors'

const personalData: readonly DetectorName[] = [
  'email',
  'phone',
  'payment_card',
  'iban',
  'national_id',
  'ip_address',
  'date_of_birth',
  'postal_address',
  'person_name',
]

/** Words of a rule that name what a detector finds: `e-mail`, `credit card numbers`. Each is tried in the singular too. */
export const phrases: readonly { words: readonly string[]; detectors: readonly DetectorName[] }[] = [
  {
    words: ['personal data', 'personal information', 'personally identifiable information', 'pii'],
    detectors: personalData,
  },
  {
    words: ['e-mail addresses', 'email addresses', 'e-mails', 'emails', 'mail addresses'],
    detectors: ['email'],
  },
  { words: ['phone numbers', 'telephone numbers', 'phones'], detectors: ['phone'] },
  {
    words: [
      ...['credit card numbers', 'payment card numbers', 'debit card numbers', 'card numbers'],
      ...['credit cards', 'payment cards', 'debit cards', 'cardholder data'],
    ],
    detectors: ['payment_card'],
  },
  { words: ['ibans', 'bank account numbers', 'bank accounts', 'account numbers'], detectors: ['iban'] },
  {
    words: [
      ...['social security numbers', 'ssns', 'national ids', 'national id numbers', 'tax ids'],
      ...['passport numbers', 'identity numbers', 'national identifiers'],
    ],
    detectors: ['national_id'],
  },
  { words: ['ip addresses', 'ips'], detectors: ['ip_address'] },
  { words: ['dates of birth', 'birth dates', 'birthdays', 'date of birth'], detectors: ['date_of_birth'] },
  { words: ['postal addresses', 'home addresses', 'street addresses'], detectors: ['postal_address'] },
  {
    words: ['names of people', 'person names', 'personal names', "people's names"],
    detectors: ['person_name'],
  },
  {
    words: [
      ...['secrets', 'credentials', 'passwords', 'api keys', 'access tokens', 'tokens', 'private keys'],
      ...['access keys', 'secret keys'],
    ],
    detectors: ['secret'],
  },
  {
    words: ['prompt injections', 'jailbreaks', 'injection attempts', 'jailbreak attempts'],
    detectors: ['prompt_injection'],
  },
  { words: ['source code', 'program code', 'code'], detectors: ['code'] },
]

/** Words that say how a rule is meant and not what it is about. */
export const fillers: ReadonlySet<string> = new Set(
  (
    'a an the any all no not none never nothing nobody neither nor or and as well also such other kinds kind of ' +
    'may must can cannot should shall will is are be been do does don t allowed forbidden prohibited permitted ' +
    'block blocked mask masked log logged alert stop prevent avoid refuse reject remove hide redact detect find ' +
    'send sent sending share shared leave leaves leaving leak leaks leaked expose exposed contain contains ' +
    'containing include includes including disclose disclosed enter appear pass passed reach go goes transmit ' +
    'in into to from with by for on at within out through via it its this that these those them their our ' +
    'we us you your customer customers s user users people person employee employees client clients company ' +
    'prompt prompts request requests message messages input inputs content contents text texts conversation ' +
    'answer answers reply replies response responses output outputs model models llm llms ai provider providers ' +
    'if when which who whose there please data information real'
  ).split(' '),
)
