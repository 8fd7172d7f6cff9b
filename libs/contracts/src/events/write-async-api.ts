import { writeFileSync } from 'node:fs'
import { renderAsyncApi } from './async-api.js'

/** Run from the root of the repository. */
writeFileSync('proto/asyncapi.yaml', renderAsyncApi())
