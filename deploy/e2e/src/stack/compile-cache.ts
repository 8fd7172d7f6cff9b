import { fileURLToPath } from 'node:url'

/**
 * Where the services of test instances keep what V8 has compiled, as NODE_COMPILE_CACHE. Kept
 * between runs: to write it costs each process seconds at its end.
 */
export const compileCache = fileURLToPath(
  new URL('../../../../node_modules/.cache/weir-e2e', import.meta.url),
)
