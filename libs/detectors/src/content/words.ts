import type { Candidate, Detector, Window } from '../detector.js'
import { isWord } from '../text/characters.js'
import { fold } from '../text/fold.js'
import { PlainText } from '../text/plain-text.js'

/** Longest word or phrase, in characters. */
export const longestPhrase = 200

interface Node {
  readonly next: Map<number, Node>
  /** Length of the longest word that ends here. */
  length: number
  /** Node of the longest end of this word that begins another. */
  fall: Node | undefined
  /** The nearest node on the way of `fall` at which a word ends. */
  shorter: Node | undefined
}

const newNode = (): Node => ({ next: new Map(), length: 0, fall: undefined, shorter: undefined })

export interface WordsSettings {
  readonly words: readonly string[]
  readonly is_case_sensitive?: boolean
  readonly is_whole_word?: boolean
}

/**
 * Words and phrases of a list, all at once and in the time of one (Aho and Corasick). Unless case matters,
 * accents and letters that only look like others do not either.
 */
export function words({
  words: list,
  is_case_sensitive: isCaseSensitive = false,
  is_whole_word: isWholeWord = true,
}: WordsSettings): Detector {
  const read = list.map((word) => readAs(word, isCaseSensitive)).filter((word) => word !== '')
  const root = build(read)
  const reach = Math.max(...read.map(({ length }) => length), 1) + 1
  const find = function* ({ text, folded, from, to, base }: Window): Generator<Candidate> {
    const looked = isCaseSensitive ? text : folded
    let best: Candidate | undefined
    for (const { start, end } of occurrences(root, looked, from, Math.min(looked.length, to + reach))) {
      if (start < from || start >= to) continue
      if (isWholeWord && !isWhole(looked, start, end, base)) continue
      // Leftmost, and of those the longest; they come in the order of their ends.
      if (best && start >= best.end) {
        yield best
        best = undefined
      }
      if (!best || start < best.start || (start === best.start && end > best.end)) {
        best = { start, end, kind: '', confidence: 1 }
      }
    }
    if (best) yield best
  }
  return { reach, looksInside: true, start: () => find }
}

function readAs(word: string, isCaseSensitive: boolean): string {
  const plain = new PlainText()
  plain.append(word, true)
  return isCaseSensitive ? plain.text : fold(plain.text)
}

function isWhole(text: string, start: number, end: number, base: number): boolean {
  const isOpen = (start === 0 && base === 0) || !isWord(text.charCodeAt(start - 1))
  const isBegin = isOpen || !isWord(text.charCodeAt(start))
  return isBegin && (!isWord(text.charCodeAt(end)) || !isWord(text.charCodeAt(end - 1)))
}

function build(list: readonly string[]): Node {
  const root = newNode()
  for (const word of list) {
    let node = root
    for (let at = 0; at < word.length; at++) {
      const code = word.charCodeAt(at)
      const next = node.next.get(code) ?? newNode()
      node.next.set(code, next)
      node = next
    }
    node.length = word.length
  }
  const queue = [...root.next.values()]
  for (const child of queue) child.fall = root
  for (const node of queue) {
    for (const [code, child] of node.next) {
      child.fall = step(root, node.fall ?? root, code)
      child.shorter = child.fall.length > 0 ? child.fall : child.fall.shorter
      queue.push(child)
    }
  }
  return root
}

function step(root: Node, from: Node, code: number): Node {
  let node: Node | undefined = from
  while (node) {
    const next = node.next.get(code)
    if (next) return next
    node = node.fall
  }
  return root
}

/** Shorter words that end at the same place are looked at as well, but no more than so many. */
const mostAtOnePlace = 8

function* occurrences(
  root: Node,
  text: string,
  from: number,
  to: number,
): Generator<{ start: number; end: number }> {
  let node = root
  for (let at = from; at < to; at++) {
    node = step(root, node, text.charCodeAt(at))
    let ending = node.length > 0 ? node : node.shorter
    for (let count = 0; ending && count < mostAtOnePlace; count++, ending = ending.shorter) {
      yield { start: at + 1 - ending.length, end: at + 1 }
    }
  }
}
