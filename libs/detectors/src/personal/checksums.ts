const digitsOf = (text: string): number[] => Array.from(text, (digit) => digit.charCodeAt(0) - 0x30)

const weighted = (digits: readonly number[], weights: readonly number[]): number =>
  weights.reduce((sum, weight, at) => sum + weight * (digits[at] ?? 0), 0)

/** UK NHS number: ten digits, the last by modulo 11. */
export function isNhs(number: string): boolean {
  const digits = digitsOf(number)
  const check = (11 - (weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11
  return check === digits[9] && new Set(digits).size > 1
}

/** German tax identification number: modulo 11, 10; of the first ten digits one is there twice or thrice. */
export function isSteuerId(number: string): boolean {
  const digits = digitsOf(number)
  if (digits[0] === 0) return false
  const counts = new Map<number, number>()
  for (const digit of digits.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1)
  const repeated = [...counts.values()].filter((count) => count > 1)
  if (repeated.length !== 1 || (repeated[0] ?? 0) > 3 || /(\d)\1\1/.test(number.slice(0, 10))) return false
  let product = 10
  for (const digit of digits.slice(0, 10)) {
    const sum = (digit + product) % 10 || 10
    product = (sum * 2) % 11
  }
  return (11 - product) % 10 === digits[10]
}

/** French social security number (NIR): 13 characters, Corsica's departments count as 19 and 18, and a key. */
export function isNir(number: string): boolean {
  const base = number.slice(0, 13).toUpperCase().replace('2A', '19').replace('2B', '18')
  const month = Number(number.slice(3, 5))
  const isMonth = (month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50
  return (
    /^[12378]\d{12}$/.test(base) && isMonth && 97 - Number(BigInt(base) % 97n) === Number(number.slice(13))
  )
}

/** Spanish DNI and NIE: the letter of the number's remainder by 23. */
export function isDni(number: string): boolean {
  const digits = number.slice(0, -1).toUpperCase().replace('X', '0').replace('Y', '1').replace('Z', '2')
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(digits) % 23] === number.slice(-1).toUpperCase()
}

const oddValues = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
]

/** Italian codice fiscale: 15 characters and one that their sum by 26 says (D.M. 23/12/1976). */
export function isCodiceFiscale(number: string): boolean {
  const code = number.toUpperCase()
  let sum = 0
  for (let at = 0; at < 15; at++) {
    const unit = code.charCodeAt(at)
    const value = unit >= 0x41 ? unit - 0x41 : unit - 0x30
    sum += at % 2 === 0 ? (oddValues[value] ?? 0) : value
  }
  return String.fromCharCode(0x41 + (sum % 26)) === code.charAt(15)
}

const dihedral = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
  [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
  [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
  [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
  [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
  [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
  [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
  [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
  [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
]
const permuted = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]

/** Verhoeff's check digit, which Indian Aadhaar numbers have. */
export function isVerhoeff(number: string): boolean {
  let check = 0
  const digits = digitsOf(number).reverse()
  for (const [at, digit] of digits.entries()) {
    let value = digit
    for (let times = 0; times < at % 8; times++) value = permuted[value] ?? 0
    check = dihedral[check]?.[value] ?? 0
  }
  return check === 0
}

/** Brazilian CPF: eleven digits, two of them check digits. */
export function isCpf(number: string): boolean {
  const digits = digitsOf(number)
  if (new Set(digits).size === 1) return false
  return [9, 10].every((at) => {
    const weights = Array.from({ length: at }, (_, index) => at + 1 - index)
    return ((weighted(digits, weights) * 10) % 11) % 10 === digits[at]
  })
}

const cnpjWeights = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]

/** Brazilian CNPJ: fourteen digits, two of them check digits. */
export function isCnpj(number: string): boolean {
  const digits = digitsOf(number)
  if (new Set(digits).size === 1) return false
  return [12, 13].every((at) => {
    const rest = weighted(digits, cnpjWeights.slice(13 - at)) % 11
    return (rest < 2 ? 0 : 11 - rest) === digits[at]
  })
}

/** US social security number by its ranges: no area 000, 666 or 9xx, no group 00, no serial 0000. */
export function isSsn(number: string): boolean {
  // The last two stood in advertisements and belong to no one.
  return (
    /^(?!000|666|9)\d{3}(?!00)\d\d(?!0000)\d{4}$/.test(number) &&
    !/^(?:078051120|219099999|123456789)$/.test(number)
  )
}

/** US taxpayer's number (ITIN): area 9xx and one of some groups. */
export function isItin(number: string): boolean {
  return /^9\d\d(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])\d{4}$/.test(number)
}
