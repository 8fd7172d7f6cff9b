/** What people leave where a secret should be. */
const placeholder =
  /change.?(me|it|this)|replace.?(me|this)|placeholder|example|default|passw(or)?d|secret|your[-_ ](key|master|own)|letmein|x{8}|0{10}|12345678|abcdefgh/i

const defaultPasswords = new Set([
  '',
  'postgres',
  'weir',
  'admin',
  'root',
  'user',
  'test',
  'dev',
  'local',
  'db',
])

/** One or several keys of 32 bytes in base64, each perhaps with a version before it. */
const keys = /^(\d+:)?[A-Za-z0-9+/_-]{43}=?(,\s*\d+:[A-Za-z0-9+/_-]{43}=?)*$/

/** Of 32 random bytes about 30 differ; fewer than this never. */
const leastDistinctBytes = 16
const leastDistinctCharacters = 12

/**
 * What makes a secret one that others can guess, as "…must not be used in production because it {…}";
 * undefined: nothing that can be seen. A connection string is judged by its password.
 */
export function findGuessable(value: string): string | undefined {
  if (/^postgres(ql)?:\/\//.test(value)) return findGuessablePassword(value)
  if (placeholder.test(value)) return 'looks like a placeholder'
  if (keys.test(value)) {
    const isWeak = value.split(',').some((key) => {
      const bytes = Buffer.from(key.replace(/^\s*\d+:/, ''), 'base64')
      return new Set(bytes).size < leastDistinctBytes
    })
    return isWeak ? 'is not random' : undefined
  }
  return new Set(value).size < leastDistinctCharacters ? 'is not random' : undefined
}

/** Without a password the connection is let in by other means, or not at all. */
function findGuessablePassword(value: string): string | undefined {
  if (!URL.canParse(value)) return undefined
  const { username, password: encoded } = new URL(value)
  if (encoded === '') return undefined
  const password = decodeURIComponent(encoded)
  const isDefault = defaultPasswords.has(password.toLowerCase()) || password === decodeURIComponent(username)
  return isDefault || placeholder.test(password) ? 'has a password that is a default' : undefined
}
