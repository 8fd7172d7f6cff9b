import type { Candidate, Detector, Window } from '../detector.js'
import { isWord } from '../text/characters.js'
import { wrappedLine } from '../text/runs.js'
import { runRules } from './secretlint.js'

/** How far a secret with spaces in it, such as an assignment, may reach. */
const reach = 160
const context = 64

/** Every secret has one of each: without them no rule need be asked. */
const hint = /[\w+/=-]{14}|-----BEGIN|:\/\/|pass|pwd|secret|token|key/i
const mark = /[_:=.-]| is |A3T|A[KGI]|AROA|AN[PV]A|AS|dapi|eyJ/

const header = /-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----/g
const own: readonly { kind: string; form: RegExp; confidence: number }[] = [
  { kind: 'jwt', form: /(?<![\w-])eyJ[\w-]{10,2000}\.eyJ[\w-]{6,2000}\.[\w-]{16,1000}/g, confidence: 0.95 },
  { kind: 'google_api_key', form: /(?<![\w-])AIza[\w-]{35}(?![\w-])/g, confidence: 0.97 },
  { kind: 'weir_key', form: /(?<![\w-])[vm]k_[A-Za-z0-9_-]{24,128}/g, confidence: 0.95 },
  { kind: 'azure_storage_key', form: /AccountKey=[A-Za-z0-9+/]{86}==/g, confidence: 0.99 },
  {
    kind: 'aws_access_key_id',
    form: /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])/g,
    confidence: 0.9,
  },
  { kind: 'openai_api_key', form: /(?<![\w-])sk-(?!ant-)[\w-]{32,200}/g, confidence: 0.9 },
  { kind: 'telegram_bot_token', form: /(?<!\w)\d{8,10}:AA[\w-]{33}(?![\w-])/g, confidence: 0.95 },
  {
    kind: 'bearer_token',
    form: /(?<=\bauthorization["']?\s?[:=]\s?["']?(?:bearer|basic) )[\w.+/=~-]{16,500}/gi,
    confidence: 0.85,
  },
]

/** A value that is given to something whose name says that it is secret. */
const assignment =
  /(?:pass(?:word|wd|phrase)?|pwd|secret|(?:api|access|secret|private|auth|client|encryption|signing)[_ -]?(?:key|token|secret)|token|credentials?)["']?(?: is)?\s?(?:[:=]|=>|:=)\s?["'`]?([^\s"'`,;<>(){}[\]]{6,120})/gi

/** Secrets and credentials: the rules of secretlint, and some forms that they do not know. */
export const secret: Detector = { reach, looksInside: true, start: () => find }

function* find({ text, from, to }: Window): Generator<Candidate> {
  if (from >= to) return
  const begin = Math.max(0, from - context)
  const looked = text.slice(begin)
  if (!hint.test(looked) || !mark.test(looked)) return
  const found = [...findKeys(looked), ...findOwn(looked), ...findAssigned(looked)]
  for (const { kind, start, end } of runRules(looked)) {
    if (kind !== 'awsaccountid') found.push({ kind: nameOf(kind), start, end, confidence: 0.97 })
  }
  found.sort((a, b) => a.start - b.start || b.end - a.end || b.confidence - a.confidence)
  for (const { start, end, ...rest } of found) {
    if (start + begin >= from && start + begin < to) yield { start: start + begin, end: end + begin, ...rest }
  }
}

const nameOf = (kind: string): string => (/^aws/.test(kind) ? kind.replace(/^aws_?/, 'aws_') : kind)

/** Private keys in PEM: the header and the lines after it, as far as they are there. */
function* findKeys(text: string): Generator<Candidate> {
  for (const match of text.matchAll(header)) {
    let end = match.index + match[0].length
    for (;;) {
      const line = /^(?:\r?\n|\\n|\\r\\n)?[A-Za-z0-9+/=]{1,80}/.exec(text.slice(end, end + 96))
      if (!line) break
      end += line[0].length
      if (line[0].replace(/[\r\n\\]/g, '').length < wrappedLine) break
    }
    yield { kind: 'private_key', start: match.index, end, confidence: 1 }
  }
}

function* findOwn(text: string): Generator<Candidate> {
  for (const { kind, form, confidence } of own) {
    for (const match of text.matchAll(form)) {
      yield { kind, start: match.index, end: match.index + match[0].length, confidence }
    }
  }
}

/** Assigned values that are no words, names of variables or places to fill in. */
function* findAssigned(text: string): Generator<Candidate> {
  for (const match of text.matchAll(assignment)) {
    const value = match[1] ?? ''
    const start = match.index + match[0].length - value.length
    const trimmed = value.replace(/[.!?:]+$/, '')
    if (isWord(text.charCodeAt(match.index - 1)) && !/[_a-z]/i.test(text.charAt(match.index - 1))) continue
    if (!looksSecret(trimmed)) continue
    yield { kind: 'assigned_secret', start, end: start + trimmed.length, confidence: 0.75 }
  }
}

/** What stands where a secret will be, or says where it is. */
const placeholder =
  /^(?:[$%{<*./]|your|my_|example|changeme|placeholder|redacted|https?:|process\.|os\.|env[.[(]|config[.[(]|self\.|this\.|req\.)|^(?:x+|none|null|undefined|true|false)$|(?:_here|password|\*{3}|x{4,}|\.{3})$/i

function looksSecret(value: string): boolean {
  if (value.length < 6 || placeholder.test(value)) return false
  const classes = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((each) => each.test(value)).length
  if (/^[A-Za-z]+$/.test(value) && value.length < 24) return false
  if (/^\d+(?:[.,]\d+)*$/.test(value)) return false
  return classes >= 3 || (classes >= 2 && /\d/.test(value) && entropyOf(value) >= 2.5)
}

/** Bits in a character. */
function entropyOf(value: string): number {
  const counts = new Map<string, number>()
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length)
  return bits
}
