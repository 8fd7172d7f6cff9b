import { randomInt } from 'node:crypto'

/** Lowercase letters, digits, `_` and `-`; a letter or digit at both ends. */
export const workloadIdPattern = /^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$/

/** Length of a workload's id at most. */
export const workloadIdLength = 100

/** Letters that Unicode does not take apart into a Latin letter and a mark. */
const folded: Record<string, string> = {
  ...{ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', þ: 'th', ł: 'l', ħ: 'h', ı: 'i', ŋ: 'n', ĸ: 'k' },
}

/** The id that a name suggests: `Kundenservice (Köln)` → `kundenservice-koln`; empty when it has no Latin letter or digit. */
export function suggestWorkloadId(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{Mark}/gu, '')
    .replace(/[^\p{ASCII}]/gu, (letter) => folded[letter] ?? ' ')
    .replace(/[^a-z0-9_]+/g, '-')
    .slice(0, workloadIdLength)
    .replace(/^[_-]+|[_-]+$/g, '')
}

/** Ids to try for a name, in this order: as suggested, numbered, and at last with a random ending. */
export function* workloadIdCandidates(name: string): Generator<string> {
  const suggested = suggestWorkloadId(name)
  const base = suggested === '' ? 'workload' : suggested
  if (suggested !== '') yield suggested
  for (let number = suggested === '' ? 1 : 2; number <= 20; number++) yield withEnding(base, String(number))
  for (;;) yield withEnding(base, randomInt(36 ** 6, 36 ** 7).toString(36))
}

function withEnding(base: string, ending: string): string {
  return `${base.slice(0, workloadIdLength - ending.length - 1).replace(/[_-]+$/, '')}-${ending}`
}
