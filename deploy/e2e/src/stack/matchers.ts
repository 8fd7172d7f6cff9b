import { expect } from 'vitest'

/** Any of some values, where one is expected within an object. */
export const oneOf = (...allowed: unknown[]): unknown =>
  expect.toSatisfy((value) => allowed.includes(value), `one of ${allowed.join(', ')}`) as unknown

/** A number that is not below another. */
export const atLeast = (least: number): unknown =>
  expect.toSatisfy((value) => typeof value === 'number' && value >= least, `at least ${least}`) as unknown

/** A number that is not above another. */
export const atMost = (most: number): unknown =>
  expect.toSatisfy((value) => typeof value === 'number' && value <= most, `at most ${most}`) as unknown

/** Text that matches. */
export const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern) as unknown

/** Text that has a part. */
export const containing = (part: string): unknown => expect.stringContaining(part) as unknown
