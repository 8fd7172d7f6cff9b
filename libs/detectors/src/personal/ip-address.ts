import { isIPv6 } from 'node:net'
import { detectAt, type Candidate, type Window } from '../detector.js'
import { isAfter, isDigit, isHex, isWord } from '../text/characters.js'

const longest = 46
const version =
  /(?:\bv|version|release|firmware|build|chapter|section|oid|upgraded?(?: to)?|update)[ .:#=]*$|@[\w-]{1,40}\/[\w.-]{1,40}@$/

/** Addresses of IPv4 and IPv6; the numbers of versions and sections are none. */
export const ipAddress = detectAt(
  longest + 2,
  (code) => isHex(code) || code === 0x3a,
  ({ text, folded }: Window, at): Candidate | undefined => {
    const previous = text.charCodeAt(at - 1)
    if (isWord(previous) || previous === 0x2e || previous === 0x3a) return undefined
    let end = at
    let marks = 0
    for (; end - at < longest; end++) {
      const code = text.charCodeAt(end)
      if (code === 0x2e || code === 0x3a) marks++
      else if (!isHex(code)) break
    }
    if (marks < 2 || isWord(text.charCodeAt(end))) return undefined
    while (text[end - 1] === '.') end--
    return isDigit(text.charCodeAt(at)) && text.slice(at, at + 4).includes('.')
      ? ipv4(text, folded, at, end)
      : ipv6(text, at, end)
  },
)

function ipv4(text: string, folded: string, at: number, end: number): Candidate | undefined {
  const address = /^(\d{1,3}(?:\.\d{1,3}){3})(?::\d*)?$/.exec(text.slice(at, end))?.[1]
  if (address === undefined || address.split('.').some((part) => Number(part) > 255 || /^0\d/.test(part)))
    return undefined
  if (isAfter(version, folded, at)) return undefined
  return { start: at, end: at + address.length, kind: 'ipv4', confidence: 0.95 }
}

function ipv6(text: string, at: number, end: number): Candidate | undefined {
  let address = text.slice(at, end)
  while (address.endsWith(':') && !address.endsWith('::')) address = address.slice(0, -1)
  const isRight = address.length > 3 && /\d/.test(address) && isIPv6(address)
  return isRight ? { start: at, end: at + address.length, kind: 'ipv6', confidence: 0.95 } : undefined
}
