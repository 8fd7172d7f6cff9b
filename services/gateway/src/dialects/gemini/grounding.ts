import type { Citation } from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { asList, asNumber, asObject, asText, objectsOf } from '../../conversation/json.js'

/**
 * What a candidate's grounding cites of a text. Gemini counts in bytes of UTF-8 over the candidate's
 * text; where its range is not the segment that it names, the segment is looked for.
 */
export function readCitations(candidate: Document, text: string): Citation[] {
  const grounding = asObject(candidate['groundingMetadata'])
  const supported = grounding ? readSupports(grounding, text) : []
  return [...supported, ...readSources(candidate, text)]
}

function readSupports(grounding: Document, text: string): Citation[] {
  const chunks = asList(grounding['groundingChunks'])
  const supports = objectsOf(grounding['groundingSupports'])
  const bytes = supports.length > 0 ? Buffer.from(text) : undefined
  return supports.flatMap((support) => {
    const range = bytes ? readRange(asObject(support['segment']), text, bytes) : {}
    return asList(support['groundingChunkIndices']).flatMap((index): Citation[] => {
      const chunk = asObject(typeof index === 'number' ? chunks[index] : undefined)
      const source = chunk && asObject(chunk['web'] ?? chunk['retrievedContext'] ?? chunk['maps'])
      if (!source) return []
      return [
        {
          ...readSource(source),
          ...range,
          native: { dialect: 'gemini', value: { ...support, source: chunk } },
        },
      ]
    })
  })
}

/** Sources that the candidate repeats (`citationMetadata`), without a search. */
function readSources(candidate: Document, text: string): Citation[] {
  const metadata = asObject(candidate['citationMetadata'])
  const sources = objectsOf(metadata?.['citationSources'] ?? metadata?.['citations'])
  if (sources.length === 0) return []
  const bytes = Buffer.from(text)
  return sources.map((source) => ({
    ...readSource(source),
    ...readRange(source, text, bytes),
    native: { dialect: 'gemini', value: source },
  }))
}

function readSource(source: Document): Citation {
  const url = asText(source['uri'])
  const title = asText(source['title'])
  const citedText = asText(source['text'])
  return {
    ...(url !== undefined && { url }),
    ...(title !== undefined && { title }),
    ...(citedText !== undefined && { citedText }),
  }
}

function readRange(
  segment: Document | undefined,
  text: string,
  bytes: Buffer,
): Pick<Citation, 'start' | 'end'> {
  const first = asNumber(segment?.['startIndex']) ?? 0
  const last = asNumber(segment?.['endIndex'])
  if (!segment || last === undefined || first < 0 || last <= first) return {}
  const named = asText(segment['text'])
  const counted = last <= bytes.length ? bytes.toString('utf8', first, last) : undefined
  if (named !== undefined && counted !== named) {
    const at = named === '' ? -1 : text.indexOf(named)
    return at < 0 ? {} : { start: at, end: at + named.length }
  }
  if (counted === undefined) return {}
  const start = bytes.toString('utf8', 0, first).length
  return { start, end: start + counted.length }
}

/** Web searches that Google bills: each query from Gemini 3 on, one for the whole answer before. */
export function countSearches(candidates: Document[], model: string): number {
  const queries = candidates.reduce(
    (sum, candidate) => sum + asList(asObject(candidate['groundingMetadata'])?.['webSearchQueries']).length,
    0,
  )
  return /gemini-[12]\b/.test(model) ? Math.min(queries, 1) : queries
}
