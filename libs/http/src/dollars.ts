/** Amounts as callers write them: dollars, at most nine decimals. */
export const dollarsPattern = /^\d{1,9}(\.\d{1,9})?$/

/** Nano-dollars of a decimal string that matches `dollarsPattern`. */
export function parseDollars(text: string): bigint {
  const [whole = '0', decimals = ''] = text.split('.')
  return BigInt(whole) * 1_000_000_000n + BigInt(decimals.padEnd(9, '0'))
}

/** The decimal string of an amount, without trailing zeros: `2.5`. */
export function formatDollars(nanoUsd: bigint): string {
  const decimals = (nanoUsd % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  const whole = (nanoUsd / 1_000_000_000n).toString()
  return decimals === '' ? whole : `${whole}.${decimals}`
}
