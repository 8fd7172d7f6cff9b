/** What a caller allows, by its `cache-control`. */
export interface CacheWishes {
  /** An answer that is kept may be given. */
  readonly mayRead: boolean
  /** The answer may be kept. */
  readonly mayStore: boolean
  /** The oldest answer that will do, seconds. */
  readonly maxAgeS: number
}

const everything: CacheWishes = { mayRead: true, mayStore: true, maxAgeS: Infinity }

/** Reads the request's header: `no-store` keeps out of the cache, `no-cache` gets a new answer, `max-age` a young one. */
export function toCacheWishes(header: string | undefined): CacheWishes {
  if (header === undefined) return everything
  const directives = header.split(',').map((directive) => directive.trim().toLowerCase())
  const isUncached = directives.includes('no-store')
  const maxAge = directives.map((directive) => /^max-age="?(\d{1,9})"?$/.exec(directive)?.[1]).find(Boolean)
  return {
    mayRead: !isUncached && !directives.includes('no-cache'),
    mayStore: !isUncached,
    maxAgeS: maxAge === undefined ? Infinity : Number(maxAge),
  }
}
