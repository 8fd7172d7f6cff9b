import validator from 'validator'
import { type Random, upper } from './random.js'

const luhnSum = (digits: string): number =>
  [...digits].reverse().reduce((sum, digit, at) => {
    const value = Number(digit) * (at % 2 === 1 ? 2 : 1)
    return sum + (value > 9 ? value - 9 : value)
  }, 0)

/** A number of so many digits with a right check digit. */
export function luhnNumber(random: Random, prefix: string, length: number): string {
  const body = prefix + random.digits(length - prefix.length - 1)
  return body + String((10 - (luhnSum(`${body}0`) % 10)) % 10)
}

export const grouped = (digits: string, sizes: readonly number[], separator: string): string => {
  let at = 0
  return sizes.map((size) => digits.slice(at, (at += size))).join(separator)
}

export function paymentCard(random: Random): string {
  const separator = random.pick(['', '', ' ', ' ', '-'])
  const [prefix, length] = random.pick<[string, number]>([
    ...(
      [
        ['4', 16],
        ['51', 16],
        ['55', 16],
        ['2221', 16],
        ['6011', 16],
        ['3528', 16],
        ['62', 16],
        ['37', 15],
      ] as const
    ).map(([begin, count]): [string, number] => [begin, count]),
  ])
  const digits = luhnNumber(random, prefix, length)
  return separator === '' ? digits : grouped(digits, length === 15 ? [4, 6, 5] : [4, 4, 4, 4], separator)
}

const ibanForms: readonly [string, string][] = [
  ['DE', 'n18'],
  ['FR', 'n10a11n2'],
  ['GB', 'a4n14'],
  ['ES', 'n20'],
  ['IT', 'a1n22'],
  ['NL', 'a4n10'],
  ['CH', 'n17'],
  ['AT', 'n16'],
]

export function iban(random: Random): string {
  const [country, form] = random.pick(ibanForms)
  const body = [...form.matchAll(/([an])(\d+)/g)]
    .map(([, kind, count]) =>
      kind === 'n' ? random.digits(Number(count)) : random.string(Number(count), upper),
    )
    .join('')
  const numeric = [...`${body}${country}00`].map((sign) => Number.parseInt(sign, 36)).join('')
  const check = 98n - (BigInt(numeric) % 97n)
  const number = `${country}${String(check).padStart(2, '0')}${body}`
  return random.pick([number, number.replace(/.{4}(?=.)/g, '$& '), number.replace(/.{4}(?=.)/g, '$& ')])
}

/** The first number, of those that differ in their ends, that is right. */
function complete(base: string, length: number, isRight: (number: string) => boolean): string | undefined {
  const count = length - base.length
  for (let ending = 0; ending < 10 ** count; ending++) {
    const number = base + String(ending).padStart(count, '0')
    if (isRight(number)) return number
  }
  return undefined
}

function always(make: () => string | undefined): string {
  for (;;) {
    const made = make()
    if (made !== undefined) return made
  }
}

const ssn = (random: Random): string =>
  `${random.int(1, 665).toString().padStart(3, '0')}-${random.int(1, 99).toString().padStart(2, '0')}-${random.int(1, 9999).toString().padStart(4, '0')}`

const nino = (random: Random): string => {
  const number = `${random.pick(['AB', 'CE', 'JG', 'PX', 'SR', 'WL'])}${random.digits(6)}${random.pick(['A', 'B', 'C', 'D'])}`
  return random.pick([number, grouped(number, [2, 2, 2, 2, 1], ' ')])
}

const nhs = (random: Random): string => {
  const number = always(() => {
    const base = String(random.int(400_000_000, 799_999_999))
    const sum = [...base].reduce((total, digit, at) => total + Number(digit) * (10 - at), 0)
    const check = (11 - (sum % 11)) % 11
    return check === 10 ? undefined : `${base}${check}`
  })
  return grouped(number, [3, 3, 4], ' ')
}

const steuerId = (random: Random): string => {
  const number = always(() =>
    complete(
      String(random.int(1_000_000_000, 9_999_999_999)),
      11,
      (each) => validator.isTaxID(each, 'de-DE') && !/(\d)\1\1/.test(each),
    ),
  )
  return random.pick([number, grouped(number, [2, 3, 3, 3], ' ')])
}

const nir = (random: Random): string => {
  const two = (from: number, to: number): string => random.int(from, to).toString().padStart(2, '0')
  const base = `${random.int(1, 2)}${two(30, 99)}${two(1, 12)}${two(1, 95)}${random.digits(3)}${random.digits(3)}`
  const number = `${base}${String(97n - (BigInt(base) % 97n)).padStart(2, '0')}`
  return random.pick([number, grouped(number, [1, 2, 2, 2, 3, 3, 2], ' ')])
}

const dni = (random: Random): string => {
  const base = random.pick([random.digits(8), `${random.pick(['X', 'Y', 'Z'])}${random.digits(7)}`])
  return always(() =>
    [...'TRWAGMYFPDXBNJZSQVHLCKE']
      .map((letter) => base + letter)
      .find((each) => validator.isIdentityCard(each, 'ES')),
  )
}

const codiceFiscale = (random: Random): string =>
  always(() => {
    const name = random.pick(['RSSMRA', 'BNCLGU', 'VRDGPP', 'FRRNNA', 'CLMFNC'])
    const day = random.int(1, 28) + random.pick([0, 40])
    const base = `${name}${random.int(50, 99)}${random.pick([...'ABCDEHLMPRST'])}${String(day).padStart(2, '0')}${random.pick(['H501', 'F205', 'L219', 'D612'])}`
    return [...upper].map((letter) => base + letter).find((each) => validator.isTaxID(each, 'it-IT'))
  })

const aadhaar = (random: Random): string => {
  const number = always(() =>
    complete(`${random.int(2, 9)}${random.digits(10)}`, 12, (each) => validator.isIdentityCard(each, 'IN')),
  )
  return random.pick([number, grouped(number, [4, 4, 4], ' ')])
}

const pan = (random: Random): string =>
  `${random.string(3, upper)}${random.pick(['P', 'P', 'C', 'H'])}${random.string(1, upper)}${random.digits(4)}${random.string(1, upper)}`

const cpf = (random: Random): string => {
  const number = always(() => complete(random.digits(9), 11, (each) => validator.isTaxID(each, 'pt-BR')))
  return random.pick([number, `${grouped(number.slice(0, 9), [3, 3, 3], '.')}-${number.slice(9)}`])
}

/** How each country's number is called, and the number. */
export function nationalId(random: Random): { name: string; value: string } {
  const [names, make] = random.pick<[readonly string[], (random: Random) => string]>([
    [['SSN', 'Social Security number', 'social security no.'], ssn],
    [['National Insurance number', 'NINO', 'NI number'], nino],
    [['NHS number', 'NHS no.'], nhs],
    [['Steuer-ID', 'Steueridentifikationsnummer', 'IdNr.'], steuerId],
    [['NIR', 'numéro de sécurité sociale'], nir],
    [['DNI', 'NIF', 'NIE', 'documento de identidad'], dni],
    [['codice fiscale', 'C.F.'], codiceFiscale],
    [['Aadhaar', 'Aadhaar number', 'UIDAI no.'], aadhaar],
    [['PAN', 'Permanent Account Number'], pan],
    [['CPF', 'cadastro CPF'], cpf],
  ])
  return { name: random.pick(names), value: make(random) }
}
