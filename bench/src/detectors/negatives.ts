import { grouped, luhnNumber } from './numbers.js'
import { alphanumeric, lower, type Random, upper } from './random.js'
import { date } from './values.js'

const hex = '0123456789abcdef'

function isbn13(random: Random): string {
  const body = `978${random.digits(9)}`
  const sum = [...body].reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 1 : 3), 0)
  return `${body}${(10 - (sum % 10)) % 10}`
}

const uuid = (random: Random): string => grouped(random.string(32, hex), [8, 4, 4, 4, 12], '-')

/** Texts that have nothing to find, and look as if they had. */
const negatives: readonly ((random: Random) => string)[] = [
  // Numbers of things
  (random) => `Your order ${luhnNumber(random, '4', 16)} has been shipped.`,
  (random) => `Order number: ${grouped(luhnNumber(random, '5105', 16), [4, 4, 4, 4], ' ')}`,
  (random) => `invoice #${random.digits(10)} over ${random.int(1, 999)}.${random.digits(2)} EUR`,
  (random) => `Tracking number ${random.digits(12)}, expected on Tuesday`,
  (random) => `ISBN ${isbn13(random)}`,
  (random) => `ISBN-13: ${grouped(isbn13(random), [3, 1, 4, 4, 1], '-')}`,
  (random) => `serial no. ${random.string(3, upper)}${random.digits(9)}`,
  (random) => `IMEI ${luhnNumber(random, '35', 15)}`,
  (random) => `ticket ${random.digits(9)} was closed`,
  (random) => `SKU ${random.digits(4)} ${random.digits(4)} ${random.digits(4)}`,
  (random) => `The EAN is ${random.digits(13)}.`,
  (random) => `part ${random.digits(3)}-${random.digits(3)}-${random.digits(4)} is out of stock`,
  (random) => `case ${random.digits(3)}-${random.digits(2)}-${random.digits(3)}`,
  (random) => `row ${random.digits(8)} of ${random.digits(8)}`,
  (random) =>
    `The account balance is ${random.int(100, 999)},${random.digits(3)}.${random.digits(2)} dollars.`,
  (random) => `unix time ${random.int(1_600_000_000, 1_799_999_999)}`,
  (random) => `{"created":${random.int(1_600_000_000_000, 1_799_999_999_999)},"count":${random.digits(5)}}`,
  (random) => `${random.digits(3)} ${random.digits(3)} ${random.digits(3)} ${random.digits(3)} samples`,
  (random) => `pi is 3.${random.digits(30)}`,
  (random) => `coordinates 52.${random.digits(6)}, 13.${random.digits(6)}`,
  (random) => `matrix: ${Array.from({ length: 8 }, () => random.digits(2)).join(' ')}`,
  (random) =>
    `The train leaves at ${random.int(1, 12)}:${random.int(10, 59)}:${random.int(10, 59)} from platform ${random.int(1, 9)}.`,
  (random) => `wrong card ${wrongCard(random)}`,
  (random) => `IBAN ${wrongIban(random)} is not valid`,
  (random) => `${random.int(2, 9)}00-${random.digits(2)}-${random.digits(5)} bolts`,
  // Versions and sections
  (random) => `upgrade to version ${version(random)} soon`,
  (random) => `v${version(random)} fixes the crash`,
  (random) => `Chrome/${random.int(90, 130)}.0.${random.digits(4)}.${random.digits(2)} Safari/537.36`,
  (random) => `see section ${random.int(1, 9)}.${random.int(1, 9)}.${random.int(1, 9)} of the manual`,
  (random) => `std::vector<int> v; // ${random.int(10, 23)}:${random.int(10, 59)}`,
  (random) => `aspect 16:9, ratio ${random.int(1, 9)}:${random.int(1, 9)}`,
  // Hashes and ids
  (random) => `commit ${random.string(40, hex)}`,
  (random) => `md5 ${random.string(32, hex)}`,
  (random) => `sha256:${random.string(64, hex)}`,
  (random) => `request ${uuid(random)} took ${random.int(1, 900)} ms`,
  (random) => `"etag": "W/${random.string(12, alphanumeric)}"`,
  (random) => `color #${random.string(6, hex)}`,
  (random) => `{"max_tokens": ${random.int(100, 9000)}, "temperature": 0.${random.digits(1)}}`,
  (random) => `image data: ${random.string(120, alphanumeric)}`,
  () => 'set password: your_password_here in the settings',
  () => 'export API_KEY=$SECRET_FROM_VAULT',
  () => 'const token = process.env.API_TOKEN',
  () => 'The password must have at least twelve characters.',
  () => 'Where do I find my API key?',
  () => 'The secret of a good soup is patience.',
  // At signs, dates, names of things
  () => 'follow @weather and @news for more',
  (random) => `npm install @${random.string(6, lower)}/core@${version(random)}`,
  () => 'git clone git@github.com:acme/tools.git',
  () => 'icon@2x.png and icon@3x.png',
  (random) => `The meeting is on ${date(random)} at noon.`,
  (random) => `Published ${date(random)}; updated ${date(random)}`,
  (random) => `The warranty ends on ${date(random)}.`,
  () => 'The Quick Brown Fox jumps over the lazy dog.',
  () => 'Washington University and Lincoln Park are near Jackson Street Station.',
  () => 'Victoria Falls and Charlotte Airport were full in August.',
  () => 'The Martin Luther College choir sang in May.',
  () => 'Paris in April, Madrid in June, and Florence in August.',
  () => 'Microsoft Azure and Google Cloud had an outage on Monday.',
  () => 'the 12 best ways to cook rice',
  () => 'Chapter 7 Road Safety: 15 rules for every driver',
  () => 'We drove 300 miles and 20 Park rangers waved.',
  () => 'Turn left, walk down the street for 5 minutes.',
  // What only sounds like an attack
  () => 'Please follow the previous instructions in the manual.',
  () => 'Ignore the noise from the street and read on.',
  () => 'How do I forget all my worries?',
  () => 'The system prompt of DOS shows the drive.',
  () => 'Explain how rules of grammar are taught, and show examples of your own.',
  () => 'He acts as a witness without any doubt.',
  () => 'Reveal the answer at the end of the quiz.',
  () => 'The developer turned on airplane mode.',
  () => 'The verdict of the jury was guilty.',
  () => 'Our policy does not cover floods.',
  // Nothing at all
  () => 'What is the capital of Australia?',
  () => 'Translate "good morning" into Portuguese.',
  () => 'Write a short poem about autumn leaves.',
  () => 'The soup needs salt, two onions and 500 g of carrots.',
  (random) => `Multiply ${random.digits(4)} by ${random.digits(4)}.`,
  () => 'zeusaphone and quicksilvery are hardly words',
  (random) => `${random.string(3, upper)}-${random.digits(7)} and A-${random.digits(4)}`,
]

const version = (random: Random): string =>
  [random.int(1, 20), random.int(0, 30), random.int(0, 99), random.int(1, 200)].join('.')

/** A right number with its last digit changed. */
function wrongCard(random: Random): string {
  const right = luhnNumber(random, '4', 16)
  return `${right.slice(0, -1)}${(Number(right.slice(-1)) + random.int(1, 9)) % 10}`
}

const wrongIban = (random: Random): string => `DE${random.int(10, 88)}37040044053201300${random.int(1, 9)}`

/** Random digits and letters, of which some pass a check digit by chance: as often as in real texts. */
const chances: readonly ((random: Random) => string)[] = [
  (random) => `value ${random.digits(16)}`,
  (random) => `code ${random.digits(random.int(9, 14))}`,
  (random) => `${random.digits(4)} ${random.digits(4)} ${random.digits(4)}`,
  (random) => `key figure ${random.digits(11)} of the year`,
]

export function negative(random: Random, index: number): string {
  const make = index % 8 === 0 ? random.pick(chances) : negatives[index % negatives.length]
  return (make ?? random.pick(negatives))(random)
}
