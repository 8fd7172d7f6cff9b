import { createHash } from 'node:crypto'

/**
 * The id of a call in the place of one that a vendor would refuse. The same id always becomes the
 * same, so that a call and its result still belong together. Letters, digits, `_` and `-`, 32 at most.
 */
export const otherCallId = (prefix: 'call' | 'toolu' | 'tooluse', id: string): string =>
  `${prefix}_${createHash('sha256').update(id).digest('base64url').slice(0, 24)}`
