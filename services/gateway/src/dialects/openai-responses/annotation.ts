import type { Citation } from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { asNumber, asText } from '../../conversation/json.js'

/** A citation in an output text; of a file, it has no range but a place. */
export function readAnnotation(annotation: Document): Citation {
  const url = asText(annotation['url'])
  const title = asText(annotation['title']) ?? asText(annotation['filename'])
  const start = asNumber(annotation['start_index'])
  const end = asNumber(annotation['end_index'])
  return {
    ...(url !== undefined && { url }),
    ...(title !== undefined && { title }),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    native: { dialect: 'openai-responses', value: annotation },
  }
}

/** Undefined for one that this dialect cannot tell: it cites addresses, and files of its own. */
export function writeAnnotation(citation: Citation, textLength: number): unknown {
  if (citation.native?.dialect === 'openai-responses') return citation.native.value
  if (citation.url === undefined) return undefined
  return {
    type: 'url_citation',
    url: citation.url,
    title: citation.title ?? citation.url,
    start_index: citation.start ?? 0,
    end_index: citation.end ?? textLength,
  }
}
