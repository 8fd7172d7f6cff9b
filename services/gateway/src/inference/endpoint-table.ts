import { countTokens } from '../endpoints/count-tokens.js'
import { embeddings } from '../endpoints/embeddings.js'
import { images } from '../endpoints/images.js'
import { moderations } from '../endpoints/moderations.js'
import { rerank } from '../endpoints/rerank.js'
import { speech } from '../endpoints/speech.js'
import { transcriptions } from '../endpoints/transcriptions.js'
import { chat, completions, messages, responses } from './conversation-endpoints.js'
import type { Endpoint } from './endpoint.js'

/** Path below the origin, or below a repository, → what is served there. All are POST. */
const paths: Readonly<Record<string, Endpoint>> = {
  '/v1/chat/completions': chat,
  '/chat/completions': chat,
  '/v1/completions': completions,
  '/v1/responses': responses,
  '/v1/messages': messages,
  '/v1/messages/count_tokens': countTokens,
  '/v1/embeddings': embeddings,
  '/v1/images/generations': images,
  '/v1/audio/speech': speech,
  '/v1/audio/transcriptions': transcriptions,
  '/v1/moderations': moderations,
  '/v1/rerank': rerank,
}

/** A call of an inference route. */
export interface CalledRoute {
  endpoint: Endpoint
  /** Name of the repository that it goes through; undefined: none. */
  repository: string | undefined
}

const byPath = new Map<string, CalledRoute>(
  Object.entries(paths).map(([path, endpoint]) => [path, { endpoint, repository: undefined }]),
)

/** The inference route of a path; undefined: it has none. */
export function findCalledRoute(path: string): CalledRoute | undefined {
  return byPath.get(path) ?? (path.startsWith('/r/') ? findBelowRepository(path) : undefined)
}

function findBelowRepository(path: string): CalledRoute | undefined {
  const end = path.indexOf('/', 3)
  const found = end < 0 ? undefined : byPath.get(path.slice(end))
  const repository = path.slice(3, end)
  // The surface below a repository is /v1, and nothing else.
  return found && path.startsWith('/v1/', end) ? { endpoint: found.endpoint, repository } : undefined
}
