import { iban, nationalId, paymentCard } from './numbers.js'
import { alphanumeric, lower, type Random, upper } from './random.js'
import { secretValue } from './secrets.js'

/** What can be put into a template, by the name of its detector. */
export const valueKinds = [
  ...[
    'email',
    'phone',
    'payment_card',
    'iban',
    'ip_address',
    'postal_address',
    'person_name',
    'secret',
    'url',
  ],
  ...['national_id', 'date_of_birth', 'words', 'pattern'],
] as const

const given = [
  ...[
    'James',
    'Mary',
    'Oliver',
    'Amelia',
    'Klaus',
    'Sabine',
    'Lukas',
    'Camille',
    'Laurent',
    'Carmen',
    'Alejandro',
    'Giulia',
  ],
  ...[
    'Marco',
    'Priya',
    'Rajesh',
    'João',
    'Mariana',
    'Mohammed',
    'Fatima',
    'Yuki',
    'Katarzyna',
    'Siobhan',
    'Thabo',
    'Ngozi',
  ],
]
const family = [
  ...[
    'Smith',
    'Johnson',
    'Taylor',
    'O’Brien',
    'McDonald',
    'Müller',
    'Schneider',
    'Dubois',
    'Lefèvre',
    'García',
    'Fernández',
  ],
  ...[
    'Rossi',
    'Esposito',
    'Sharma',
    'Patel',
    'Silva',
    'Oliveira',
    'Khan',
    'Tanaka',
    'Kowalski',
    'Okafor',
    'van der Berg',
  ],
]
const companies = ['acme', 'globex', 'initech', 'hooli', 'umbrella', 'stark-industries', 'wayne']
const tops = ['com', 'org', 'de', 'co.uk', 'fr', 'io', 'com.br', 'example']

const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/[^A-Za-z]/g, '')
    .toLowerCase()

function email(random: Random): string {
  const [first, last] = [plain(random.pick(given)), plain(random.pick(family))]
  const local = random.pick([
    `${first}.${last}`,
    `${first[0]}${last}`,
    `${first}_${last}${random.int(1, 99)}`,
    `${first}+news`,
    last,
  ])
  return `${local}@${random.pick(['', 'mail.'])}${random.pick(companies)}.${random.pick(tops)}`
}

function phone(random: Random): string {
  const area = random.pick(['212', '415', '617', '312', '305', '206'])
  const line = `${random.int(2, 9)}${random.digits(2)}`
  const us = [area, line === '911' ? '234' : line, random.digits(4)]
  return random.pick([
    `+1 ${us.join('-')}`,
    `+1${us.join('')}`,
    `(${us[0]}) ${us[1]}-${us[2]}`,
    us.join('-'),
    us.join('.'),
    `+44 20 7${random.digits(3)} ${random.digits(4)}`,
    `020 7${random.digits(3)} ${random.digits(4)}`,
    `+49 30 ${random.int(2, 8)}${random.digits(6)}`,
    `030/${random.int(2, 8)}${random.digits(6)}`,
    `+33 6 ${random.digits(2)} ${random.digits(2)} ${random.digits(2)} ${random.digits(2)}`,
    `01 4${random.digits(1)} ${random.digits(2)} ${random.digits(2)} ${random.digits(2)}`,
    `+34 6${random.digits(2)} ${random.digits(3)} ${random.digits(3)}`,
    `+39 06 ${random.int(4, 8)}${random.digits(3)} ${random.digits(4)}`,
    `+91 98${random.digits(3)} ${random.digits(5)}`,
    `+55 11 9${random.int(6, 9)}${random.digits(3)}-${random.digits(4)}`,
  ])
}

function ipAddress(random: Random): string {
  const byte = (): number => random.int(1, 254)
  const group = (): string => random.string(4, '123456789abcdef')
  return random.pick([
    [byte(), byte(), byte(), byte()].join('.'),
    `10.${byte()}.${byte()}.${byte()}`,
    `2001:db8:${group()}:${group()}::${group()}`,
    Array.from({ length: 8 }, group).join(':'),
    `fe80::${group()}:${group()}`,
  ])
}

function postalAddress(random: Random): string {
  const number = random.int(1, 999)
  return random.pick([
    `${number} ${random.pick(['Main', 'Oak', 'Maple', 'Lincoln', 'Washington'])} ${random.pick(['Street', 'Avenue', 'Rd', 'Blvd', 'Drive'])}, ${random.pick(['Springfield, IL', 'Portland, OR', 'Austin, TX'])} ${random.int(10000, 99999)}`,
    `${number} ${random.pick(['Elm', 'Cedar', 'North Park'])} ${random.pick(['Lane', 'St.', 'Road'])}`,
    `${random.int(1, 99)} ${random.pick(['Baker', 'Victoria', 'Station'])} ${random.pick(['Street', 'Road'])}, ${random.pick(['London', 'Leeds', 'Bristol'])} ${random.pick(['NW1 6XE', 'LS1 4DY', 'BS1 5TR'])}`,
    `${random.pick(['Hauptstraße', 'Bahnhofstr.', 'Lindenallee', 'Goetheplatz', 'Berliner Straße'])} ${random.int(1, 180)}, ${random.int(10000, 99999)} ${random.pick(['Berlin', 'München', 'Köln'])}`,
    `${random.int(1, 180)} ${random.pick(['rue de la Paix', 'avenue Victor Hugo', 'boulevard Voltaire', 'place du Marché'])}, ${random.int(10000, 95999)} ${random.pick(['Paris', 'Lyon', 'Nantes'])}`,
    `${random.pick(['Calle de Alcalá', 'Calle Mayor', 'Avenida de América', 'Paseo del Prado'])} ${random.int(1, 180)}, ${random.int(10000, 52999)} ${random.pick(['Madrid', 'Sevilla'])}`,
    `${random.pick(['Via Roma', 'Via Giuseppe Garibaldi', 'Corso Italia', 'Piazza del Duomo'])} ${random.int(1, 180)}, ${random.int(10000, 98000)} ${random.pick(['Roma', 'Milano'])}`,
    `${random.pick(['Rua Augusta', 'Rua das Flores', 'Avenida Paulista'])}, ${random.int(1, 3000)}`,
    `P.O. Box ${random.int(100, 9999)}`,
  ])
}

const monthNames = [
  ...[
    'January',
    'February',
    'March',
    'April',
    'May',
    'June',
    'July',
    'August',
    'September',
    'October',
    'November',
    'December',
  ],
]

/** A day between 1930 and 2010 as people write it. */
export function date(random: Random): string {
  const [year, month, day] = [random.int(1930, 2010), random.int(1, 12), random.int(1, 28)]
  const two = (value: number): string => String(value).padStart(2, '0')
  const name = monthNames[month - 1] ?? ''
  return random.pick([
    `${year}-${two(month)}-${two(day)}`,
    `${two(month)}/${two(day)}/${year}`,
    `${day}.${month}.${year}`,
    `${day} ${name} ${year}`,
    `${name} ${day}, ${year}`,
    `${name.slice(0, 3)} ${day} ${year}`,
  ])
}

function url(random: Random): string {
  const host = `${random.pick(['www.', '', 'api.', 'docs.'])}${random.pick(companies)}.${random.pick(tops)}`
  const path = random.pick([
    '',
    '/',
    `/${random.string(6, lower)}`,
    `/a/b?id=${random.int(1, 999)}`,
    '/index.html#top',
  ])
  return `${random.pick(['https://', 'http://', 'https://', 'ftp://'])}${host}${random.pick(['', '', ':8443'])}${path}`
}

/** A value of each kind; `name` is what it is called where that differs from value to value. */
export function valueOf(kind: string, random: Random): { value: string; name?: string } {
  switch (kind) {
    case 'email':
      return { value: email(random) }
    case 'phone':
      return { value: phone(random) }
    case 'payment_card':
      return { value: paymentCard(random) }
    case 'iban':
      return { value: iban(random) }
    case 'national_id':
      return nationalId(random)
    case 'ip_address':
      return { value: ipAddress(random) }
    case 'date_of_birth':
      return { value: date(random) }
    case 'postal_address':
      return { value: postalAddress(random) }
    case 'person_name':
      return { value: `${random.pick(given)} ${random.pick(family)}` }
    case 'secret':
      return { value: secretValue(random) }
    case 'url':
      return { value: url(random) }
    case 'words':
      return {
        value: random.pick([
          'Project Zeus',
          'project zeus',
          'PROJECT ZEUS',
          'Operation Nightfall',
          'Quicksilver',
        ]),
      }
    case 'pattern':
      return { value: `${random.string(2, upper)}-${random.digits(random.int(4, 6))}` }
    default:
      return { value: random.string(8, alphanumeric) }
  }
}
