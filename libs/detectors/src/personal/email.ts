import type { Candidate, Detector, Window } from '../detector.js'
import { isLetter, isWord } from '../text/characters.js'

const localMarks = new Set([...".!#$%&'*+/=?^_`{|}~-"].map((mark) => mark.charCodeAt(0)))
const isLocal = (code: number): boolean => isWord(code) || localMarks.has(code)
const isDomain = (code: number): boolean => isWord(code) || code === 0x2e || code === 0x2d

/** RFC 5321's limits; each side is looked at so far and no further. */
const longestLocal = 64
const longestDomain = 255

/** E-mail addresses, of any script. */
export const email: Detector = { reach: 128, looksInside: true, start: () => find }

function* find({ text, from, to }: Window): Generator<Candidate> {
  let at = text.indexOf('@', from)
  for (; at >= 0 && at <= to + longestLocal; at = text.indexOf('@', at + 1)) {
    const found = emailAround(text, at)
    if (found && found.start >= from && found.start < to) {
      yield found
      at = Math.max(at, found.end - 1)
    }
  }
}

function emailAround(text: string, at: number): Candidate | undefined {
  let start = at
  while (at - start < longestLocal && isLocal(text.charCodeAt(start - 1))) start--
  while (start < at && /[.'/=?`{|}*&]/.test(text.charAt(start))) start++
  // What stands before `mailto:` or a user's name in an assignment is none of the address.
  const mark = text.slice(start, at).search(/[=/?&{|}'][^=/?&{|}']*$/)
  if (mark >= 0) start += mark + 1
  // The password of a URL with credentials is no one's address.
  if (/:\/\/[^\s@/]*$/.test(text.slice(Math.max(0, start - longestLocal), at))) return undefined
  let end = at + 1
  while (end - at <= longestDomain && isDomain(text.charCodeAt(end))) end++
  while (end > at + 1 && /[.\-_]/.test(text.charAt(end - 1))) end--
  const domain = text.slice(at + 1, end)
  const top = domain.slice(domain.lastIndexOf('.') + 1)
  const isRight =
    start < at && domain.includes('.', 1) && !domain.includes('..') && /^[\p{L}][\p{L}\p{N}-]+$/u.test(top)
  if (!isRight || !isDomainBegin(domain.charCodeAt(0)) || isPackage(top, text, start)) return undefined
  return { start, end, kind: '', confidence: 0.95 }
}

const isDomainBegin = (code: number): boolean => isWord(code) && code !== 0x5f

/** `git@github.com:owner/name.git` and images such as `icon@2x.png` are no one's address. */
function isPackage(top: string, text: string, start: number): boolean {
  if (/^(?:png|jpe?g|gif|svg|webp|js|css|ts|json)$/i.test(top)) return true
  return text.startsWith('git@', start) && isLetter(text.charCodeAt(start))
}
