import { formatUsd } from '@weir/rating'

/** Amounts as callers write them: dollars, at most nine decimals. */
export const dollarsPattern = /^\d{1,9}(\.\d{1,9})?$/

/** Nano-dollars as callers read them, without trailing zeros: `2.5`. */
export function formatDollars(nanoUsd: bigint): string {
  return formatUsd(nanoUsd).replace(/\.?0+$/, '')
}
