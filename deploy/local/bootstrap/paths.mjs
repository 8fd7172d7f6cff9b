import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The clone. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

/** Things about this clone that need not be kept; `dist` is ignored by git and survives `npm ci`. */
export const STATE = join(ROOT, 'deploy/local/dist/.bootstrap')

export const inRoot = (...parts) => join(ROOT, ...parts)
