import { isUtf8 } from 'node:buffer'
import { alphanumerics, classOf } from './characters.js'
import { wrappedLine } from './runs.js'

/** A text that stands encoded in another, and where. */
export interface Decoded {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** A text with escapes in it, decoded: each of its units has its own place. */
export interface Unescaped {
  readonly text: string
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/** Characters of base64, also of URLs. */
export const isBase64 = classOf(`${alphanumerics}+/-_`)

const shortestBase64 = 16

/** The run of base64 at a place, at most up to another, decoded; its text is empty where it holds none. */
export function decodeBase64At(text: string, at: number, to: number): Decoded {
  const end = endOfBase64(text, at, to)
  const decoded = end - at < shortestBase64 ? '' : decodeBase64(text.slice(at, end))
  return { text: decoded, start: at, end }
}

/** Lines go on in the next one as far as lines of encoded text do. */
function endOfBase64(text: string, at: number, to: number): number {
  let lineStart = at
  let end = at
  for (; end < to; end++) {
    const code = text.charCodeAt(end)
    if (isBase64(code)) continue
    if (code !== 0x0a || end - lineStart < wrappedLine || !isBase64(text.charCodeAt(end + 1))) break
    lineStart = end + 1
  }
  return end
}

/** What a run says: all of it where it is text, else the pieces of it that are, in any alignment. */
function decodeBase64(run: string): string {
  const letters = run.replace(/\n/g, '').replaceAll('-', '+').replaceAll('_', '/')
  const bytes = Buffer.from(letters, 'base64')
  if (isUtf8(bytes) && !hasControls(bytes)) return bytes.toString()
  const pieces: string[] = []
  for (let shift = 0; shift < 4; shift++) {
    pieces.push(...(Buffer.from(letters.slice(shift), 'base64').toString('latin1').match(readable) ?? []))
  }
  return pieces.join('\n')
}

/** Random bytes hold hardly any so long. */
const readable = /[\t\n\r\x20-\x7e]{8,}/g

function hasControls(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)
}

const escape = new RegExp(
  [
    /(?:%[0-9A-Fa-f]{2}){1,12}/,
    /\\u(?:[0-9A-Fa-f]{4}|\{[0-9A-Fa-f]{1,6}\})|\\x[0-9A-Fa-f]{2}/,
    /&#(?:[0-9]{2,7}|[xX][0-9A-Fa-f]{2,6});/,
    /&(?:commat|period|colon|sol|num|lowbar|hyphen|nbsp|amp);/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
)

const escapeHere = new RegExp(escape.source, 'y')

const entities: Readonly<Record<string, string>> = {
  ...{
    commat: '@',
    period: '.',
    colon: ':',
    sol: '/',
    num: '#',
    lowbar: '_',
    hyphen: '-',
    nbsp: ' ',
    amp: '&',
  },
}

const escapeSign = /[%&\\]/g

/** The next place, from one on, of a sign with which escapes begin; Infinity when there is none. */
export function nextEscapeSign(text: string, from: number): number {
  escapeSign.lastIndex = from
  return escapeSign.exec(text)?.index ?? Infinity
}

/** Whether an escape of a URL, of JSON or of HTML begins at a place. */
export function isEscapeAt(text: string, at: number): boolean {
  escapeHere.lastIndex = at
  return escapeHere.test(text)
}

/** A stretch of text with its escapes decoded; undefined when it has none. */
export function decodeEscapes(text: string, start: number, end: number): Unescaped | undefined {
  const starts: number[] = []
  const ends: number[] = []
  const parts: string[] = []
  let done = start
  const copyTo = (to: number): void => {
    parts.push(text.slice(done, to))
    for (let at = done; at < to; at++) {
      starts.push(at)
      ends.push(at + 1)
    }
  }
  for (const match of text.slice(start, end).matchAll(escape)) {
    const decoded = decodeEscape(match[0])
    if (decoded === undefined) continue
    const at = start + match.index
    copyTo(at)
    done = at + match[0].length
    parts.push(decoded)
    for (let unit = 0; unit < decoded.length; unit++) {
      starts.push(at)
      ends.push(done)
    }
  }
  if (done === start) return undefined
  copyTo(end)
  return { text: parts.join(''), starts, ends }
}

function decodeEscape(escaped: string): string | undefined {
  if (escaped.startsWith('%')) {
    const bytes = Buffer.from(escaped.replaceAll('%', ''), 'hex')
    return isUtf8(bytes) ? bytes.toString() : undefined
  }
  const entity = /^&([a-z]+);$/.exec(escaped)?.[1]
  if (entity !== undefined) return entities[entity]
  const isDecimal = /^&#\d/.test(escaped)
  const value = Number.parseInt(escaped.replace(/^(?:&#[xX]?|\\u\{?|\\x)/, ''), isDecimal ? 10 : 16)
  return value > 0 && value <= 0x10ffff ? String.fromCodePoint(value) : undefined
}
