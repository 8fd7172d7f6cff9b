import type { Candidate, Detector, Window } from '../detector.js'
import { isAlphanumeric, isWord } from '../text/characters.js'
import { injectionPhrases, markers, type Phrase } from './injection-phrases.js'

/** A phrase of a dozen words. */
const reach = 160
const mostWords = 14

/**
 * Phrases with which a text takes over the model that reads it: to ignore what it was told, to show it, to
 * play a role without rules, to speak as the system, to give a judge's verdict. In seven languages; letters
 * that look alike, digits for letters, and letters spaced out are read as what they mean.
 */
export const promptInjection: Detector = { reach, looksInside: true, start: () => find }

interface Token {
  readonly start: number
  readonly end: number
  readonly word: string
}

function* find({ folded, from, to }: Window): Generator<Candidate> {
  const end = Math.min(folded.length, to + reach)
  const found = [...findMarkers(folded, from, to)]
  const tokens = tokensOf(folded, wordStart(folded, from), end)
  for (const [index, token] of tokens.entries()) {
    if (token.start >= to) break
    if (token.start < from) continue
    const phrases = injectionPhrases.get(token.word)
    const match = phrases && longestOf(phrases, tokens, index)
    if (match) found.push(match)
  }
  yield* found.sort((a, b) => a.start - b.start || b.end - a.end)
}

function* findMarkers(folded: string, from: number, to: number): Generator<Candidate> {
  const begin = Math.max(0, from - 1)
  for (const match of folded.slice(begin, to + reach).matchAll(markers)) {
    const start = begin + match.index
    if (start >= to) return
    if (start >= from) yield { start, end: start + match[0].length, kind: 'forged_turn', confidence: 0.9 }
  }
}

function longestOf(
  phrases: readonly Phrase[],
  tokens: readonly Token[],
  index: number,
): Candidate | undefined {
  const start = tokens[index]?.start ?? 0
  let best: Candidate | undefined
  for (const phrase of phrases) {
    const end = endOf(phrase, tokens, index, start)
    if (end === undefined || (best && end <= best.end)) continue
    best = { start, end, kind: phrase.kind, confidence: phrase.confidence }
  }
  return best
}

/** The words of a phrase in their order, with some others in between. */
function endOf(
  { parts, gap }: Phrase,
  tokens: readonly Token[],
  index: number,
  start: number,
): number | undefined {
  let at = index
  let end: number | undefined
  for (const part of parts) {
    let next = at
    const last = Math.min(tokens.length, at + gap + 1, index + mostWords)
    while (next < last && !part.has(tokens[next]?.word ?? '')) next++
    const token = tokens[next]
    if (next >= last || !token || token.end - start > reach - 2) return undefined
    end = token.end
    at = next + 1
  }
  return end
}

/** The place itself, unless it lies within a word. */
function wordStart(folded: string, at: number): number {
  let start = at
  while (start > 0 && at - start < 40 && isLeet(folded.charCodeAt(start - 1))) start--
  return start
}

const leet = new Map(
  [...'0o1i3e4a5s7t@a$s!i|l'].reduce<[string, string][]>(
    (pairs, sign, at, signs) => (at % 2 === 0 ? [...pairs, [sign, signs[at + 1] ?? '']] : pairs),
    [],
  ),
)

const isLeet = (code: number): boolean =>
  isWord(code) || code === 0x40 || code === 0x24 || code === 0x21 || code === 0x7c

/** Words; letters that stand alone in a row (`i g n o r e`, `i.g.n.o.r.e`) are one. */
function tokensOf(folded: string, from: number, to: number): Token[] {
  const tokens: Token[] = []
  let at = from
  while (at < to) {
    if (!isLeet(folded.charCodeAt(at))) {
      at++
      continue
    }
    const start = at
    while (at < to && isLeet(folded.charCodeAt(at))) at++
    const word = folded.slice(start, at)
    const spaced = word.length === 1 ? readSpaced(folded, start, to) : undefined
    if (spaced) {
      tokens.push(spaced)
      at = spaced.end
    } else tokens.push({ start, end: at, word: readLeet(word) })
  }
  return tokens
}

function readLeet(word: string): string {
  const trimmed = word.replace(/[!|]+$/, '')
  if (!/[^a-z]/.test(trimmed)) return trimmed
  const letters = trimmed.replace(/[^a-z]/g, '').length
  return letters * 3 < trimmed.length
    ? trimmed
    : trimmed.replace(/[01345 7@$!|]/g, (sign) => leet.get(sign) ?? sign)
}

const fewestSpaced = 4

function readSpaced(folded: string, start: number, to: number): Token | undefined {
  const separator = folded.charAt(start + 1)
  if (!' .-_*'.includes(separator) || separator === '') return undefined
  let word = folded.charAt(start)
  let at = start + 1
  while (
    at + 1 < to &&
    word.length < 16 &&
    folded.charAt(at) === separator &&
    isAlphanumeric(folded.charCodeAt(at + 1))
  ) {
    if (isWord(folded.charCodeAt(at + 2)) && folded.charAt(at + 2) !== separator) break
    word += folded.charAt(at + 1)
    at += 2
  }
  return word.length >= fewestSpaced ? { start, end: at, word: readLeet(word) } : undefined
}
