import { alphanumeric, lower, type Random, upper } from './random.js'

const hex = '0123456789abcdef'
const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Credentials in the forms of the services that issue them; none was ever valid. */
export function secretValue(random: Random): string {
  const some = (count: number, characters = alphanumeric): string => random.string(count, characters)
  const made: readonly (() => string)[] = [
    () => `ghp_${some(36)}`,
    () => `github_pat_${some(22)}_${some(59)}`,
    () => `glpat-${some(20)}`,
    () => ['xoxb', random.digits(12), random.digits(12), some(24)].join('-'),
    () => ['sk', 'live', some(24)].join('_'),
    () => `sk-ant-api03-${some(93)}AA`,
    () => `sk-proj-${some(74)}T3BlbkFJ${some(74)}`,
    () => `AKIA${some(16, `${upper}234567`)}`,
    () => `AIza${some(35)}`,
    () => `npm_${some(36)}`,
    () => `hf_${some(34, lower + upper)}`,
    () => `SG.${some(22)}.${some(43)}`,
    () =>
      `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url({ sub: some(8), iat: random.int(1e9, 2e9) })}.${some(43)}`,
    () => `postgres://${some(6, lower)}:${some(12)}7aZ@db.${some(5, lower)}.example:5432/app`,
    () => `mongodb+srv://${some(6, lower)}:${some(12)}7aZ@cluster0.${some(5, lower)}.example/test`,
    () => `dapi${some(32, hex)}`,
    () => `vk_${some(40)}`,
    () => `-----BEGIN PRIVATE KEY-----\n${Array.from({ length: 6 }, () => some(64)).join('\n')}`,
  ]
  return random.pick(made)()
}

/** A value that is given to a name: only the value is the secret. */
export function assignedSecret(random: Random): { before: string; value: string; after: string } {
  const value = random.pick([
    `${random.string(4, lower)}${random.digits(2)}${random.pick(['!', '#', '$', '&'])}${random.string(3, upper)}`,
    `${random.string(10, alphanumeric)}9x`,
    `${random.string(28, hex)}a1b2`,
  ])
  const [before, after] = random.pick<[string, string]>([
    ['DB_PASSWORD=', '\n'],
    ['password: ', ', then press enter'],
    ['{"api_key": "', '"}'],
    ["client_secret = '", "'"],
    ['export AUTH_TOKEN="', '"'],
    ['The password is: ', ' and you may change it.'],
  ])
  return { before, value, after }
}
