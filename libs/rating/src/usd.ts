/** Nano-dollars in a dollar: the money of Weir is a whole number of these, as `bigint`. */
export const nanoPerUsd = 1_000_000_000n

const places = 9
/** 29 digits before the point: past any sum of money, and a bound for text that comes from outside. */
const amountPattern = /^(-?)(\d{1,29})(?:\.(\d{1,9}))?$/

/**
 * Dollars as decimal text to nano-dollars, exactly: `2.50` → 2_500_000_000n.
 * @throws RangeError when it is not a plain decimal number, or is finer than a nano-dollar.
 */
export function parseUsd(text: string): bigint {
  const match = amountPattern.exec(text)
  if (!match) {
    throw new RangeError(
      'is not an amount in dollars: digits, then at most nine decimal places, such as 2.50',
    )
  }
  const [, sign, whole = '', fraction = ''] = match
  const nano = BigInt(whole) * nanoPerUsd + BigInt(fraction.padEnd(places, '0'))
  return sign === '-' ? -nano : nano
}

/** Nano-dollars as decimal text in dollars, exactly, always with nine places: 12_500n → `0.000012500`. */
export function formatUsd(nano: bigint): string {
  const sign = nano < 0n ? '-' : ''
  const digits = String(nano < 0n ? -nano : nano).padStart(places + 1, '0')
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`
}
