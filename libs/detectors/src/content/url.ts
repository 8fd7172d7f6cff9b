import { domainToASCII } from 'node:url'
import type { Candidate, Detector, Window } from '../detector.js'
import { isLetter, isWord } from '../text/characters.js'

export interface UrlSettings {
  /** Domains with all that is below them; none: every URL is found. */
  readonly domains?: readonly string[]
  /** The domains are the only ones allowed, instead of those that are not. */
  readonly is_allow_list?: boolean
}

const longestScheme = 12
const longestUrl = 2048
const longestHost = 253
const notInUrl = /[\s"'`<>\\^{}|]/
const isHost = (code: number): boolean => isWord(code) || code === 0x2d || code === 0x2e

/** URLs: all, those of some domains, or those of others than some. Of forbidden domains the bare names too. */
export function url({ domains = [], is_allow_list: isAllowList = false }: UrlSettings): Detector {
  const listed = new Set(domains.map((domain) => toAscii(domain.replace(/^\*?\./, ''))))
  const isWanted = (host: string): boolean => listed.size === 0 || isListed(host, listed) !== isAllowList
  const isBare = listed.size > 0 && !isAllowList
  const find = function* ({ text, from, to }: Window): Generator<Candidate> {
    for (let at = from; at < to; at++) {
      if (!isWord(text.charCodeAt(at)) || isHost(text.charCodeAt(at - 1))) continue
      const hostAt = hostOf(text, at)
      const found = hostAt !== undefined ? readUrl(text, at, hostAt) : isBare ? readName(text, at) : undefined
      if (!found) continue
      if (found.host !== '' && isWanted(found.host))
        yield { start: at, end: found.end, kind: '', confidence: 1 }
      at = Math.max(at, found.end - 1)
    }
  }
  return { reach: longestHost, looksInside: true, start: () => find }
}

/** Where the host begins of a URL that begins here: after its scheme, or at `www.`. */
function hostOf(text: string, at: number): number | undefined {
  const begin = text.slice(at, at + longestScheme).toLowerCase()
  const scheme = /^(?:h(?:tt|xx)ps?|ftps?|wss?|file|ssh|git|s3|ldaps?|gopher):\/{2,3}/.exec(begin)
  if (scheme) return at + scheme[0].length
  return begin.startsWith('www.') ? at : undefined
}

interface Read {
  /** '' when it is none. */
  readonly host: string
  readonly end: number
}

function readUrl(text: string, at: number, hostAt: number): Read {
  let end = hostAt
  const to = Math.min(text.length, at + longestUrl)
  let authorityEnd: number | undefined
  for (; end < to && !notInUrl.test(text.charAt(end)); end++) {
    if (authorityEnd === undefined && /[/?#]/.test(text.charAt(end))) authorityEnd = end
  }
  while (end > hostAt && /[.,;:!?)\]*_]/.test(text.charAt(end - 1))) end--
  const authority = text.slice(hostAt, Math.min(authorityEnd ?? end, end))
  // What stands before an @ is a user's name, and a trap for readers.
  const host = authority.slice(authority.lastIndexOf('@') + 1).replace(/:\d*$/, '')
  const name = toAscii(host.replaceAll('[.]', '.'))
  return { host: name.length > longestHost ? '' : name, end }
}

/** The name of a host without a scheme; the domain of an e-mail address is none. */
function readName(text: string, at: number): Read | undefined {
  if (text.charAt(at - 1) === '@') return undefined
  let end = at
  while (end - at <= longestHost && isHost(text.charCodeAt(end))) end++
  const name = toAscii(text.slice(at, end).replace(/[.-]+$/, ''))
  return { host: /\.[a-z][a-z0-9-]+$/.test(name) && name.length <= longestHost ? name : '', end }
}

function toAscii(host: string): string {
  const plain = host.toLowerCase().replace(/\.$/, '')
  return /^[\x21-\x7e]*$/.test(plain) ? plain : domainToASCII(plain)
}

/** The host or one that it is below. */
function isListed(host: string, listed: ReadonlySet<string>): boolean {
  for (let name = host; name !== '';) {
    if (listed.has(name)) return true
    const dot = name.indexOf('.')
    if (dot < 0) return false
    name = name.slice(dot + 1)
  }
  return false
}

/** Why a domain of a list is none, for people; undefined: it is one. */
export function findDomainMistake(domain: string): string | undefined {
  const name = toAscii(domain.replace(/^\*?\./, ''))
  const isRight = name.length <= longestHost && name !== '' && isLetter(name.charCodeAt(name.length - 1))
  return isRight && /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(name)
    ? undefined
    : 'must be domains such as example.com'
}
