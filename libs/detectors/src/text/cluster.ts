const unseen = /[\p{Default_Ignorable_Code_Point}\p{Cf}\u{1160}\u{2800}]/u
const unseenOrEnclosing = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Me}]/gu
const mark = /\p{M}/u
const marks = /\p{M}/gu
const digit = /\p{Nd}/u
const dash = /\p{Pd}|\u2212/u
const space = /\p{Zs}/u

const knownMarks = new Map<number, boolean>()

/** Whether a code point belongs to the character before it. */
export function isMark(codePoint: number | undefined): boolean {
  if (codePoint === undefined || codePoint < 0x300) return false
  const before = knownMarks.get(codePoint)
  if (before !== undefined) return before
  const isOne = mark.test(String.fromCodePoint(codePoint))
  knownMarks.set(codePoint, isOne)
  return isOne
}

const knownClusters = new Map<string, string>()
/** Of clusters with marks there are without end. */
const mostKnown = 20_000

/**
 * How a character with its marks reads: in its compatible form (NFKC), digits of every script as ASCII,
 * dashes and spaces as one, and '' when nobody sees it.
 */
export function readCluster(cluster: string): string {
  const before = knownClusters.get(cluster)
  if (before !== undefined) return before
  if (knownClusters.size >= mostKnown) knownClusters.clear()
  const read = normalise(cluster)
  knownClusters.set(cluster, read)
  return read
}

function normalise(cluster: string): string {
  const codePoint = cluster.codePointAt(0) ?? 0
  const isAlone = cluster.length === (codePoint > 0xffff ? 2 : 1)
  if (isAlone) {
    if (unseen.test(cluster)) return ''
    if (digit.test(cluster)) return String(digitValue(codePoint))
    if (dash.test(cluster)) return '-'
    if (space.test(cluster)) return ' '
    if (cluster === '\u3002' || cluster === '\uff61' || cluster === '\u2024') return '.'
  }
  const read = cluster.replace(unseenOrEnclosing, '').normalize('NFKC')
  // What is heaped on a letter beyond any language's accents is there to hide it.
  return read.length > 1 && read.charCodeAt(0) < 0x80 ? read.replace(marks, '') : read
}

/** Digits come in rows of ten, the zero first. */
function digitValue(codePoint: number): number {
  if (codePoint >= 0x1d7ce && codePoint <= 0x1d7ff) return (codePoint - 0x1d7ce) % 10
  let before = 0
  while (before < 60 && digit.test(String.fromCodePoint(codePoint - before - 1))) before++
  return before % 10
}
