import { createHash } from 'node:crypto'

/** A number from 0 up to 1, always the same for the same text. */
function fractionOf(text: string): number {
  const bytes = createHash('sha256').update(text).digest()
  return (bytes.readUIntBE(0, 6) + 0.5) / 2 ** 48
}

/**
 * The order in which targets serve whoever a key stands for (rendezvous hashing): the same on every
 * gateway, by weight, and when a target comes or goes only its own share moves.
 * @param idOf names a target @param weightOf 0: after all others
 */
export function rendezvous<T>(
  key: string,
  targets: readonly T[],
  idOf: (target: T) => string,
  weightOf: (target: T) => number,
): T[] {
  const scored = targets.map((target) => ({
    target,
    score: -weightOf(target) / Math.log(fractionOf(`${key}\u0000${idOf(target)}`)),
  }))
  return scored.sort((left, right) => right.score - left.score).map(({ target }) => target)
}
