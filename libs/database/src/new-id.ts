import { randomBytes } from 'node:crypto'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * A unique id such as `key_01jd3n…`: 10 letters of the time in milliseconds, 16 random ones (80
 * bits). Ids of one kind sort by when they were made, so a list in their order never skips a row.
 */
export function newId(prefix: string): string {
  let time = ''
  for (let ms = Date.now(), i = 0; i < 10; i++, ms = Math.floor(ms / 32))
    time = alphabet.charAt(ms % 32) + time
  const random = Array.from(randomBytes(16), (byte) => alphabet.charAt(byte % 32)).join('')
  return `${prefix}_${time}${random}`
}

/** Whether a text could be an id with this prefix; such a text is not allowed as a name. */
export function isIdLike(prefix: string, text: string): boolean {
  return text.startsWith(`${prefix}_`) && /^[0-9a-hjkmnp-tv-z]{26}$/.test(text.slice(prefix.length + 1))
}
