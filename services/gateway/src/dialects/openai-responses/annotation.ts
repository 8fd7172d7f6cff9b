import type { Citation } from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { asNumber, asText } from '../../conversation/json.js'
import { citedUrl } from '../openai-chat/reply-writer.js'

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

/** A citation, of a document of the request too. */
export function writeAnnotation(citation: Citation, textLength: number): unknown {
  if (citation.native?.dialect === 'openai-responses') return citation.native.value
  const url = citedUrl(citation)
  return {
    type: 'url_citation',
    url,
    title: citation.title ?? url,
    start_index: citation.start ?? 0,
    end_index: citation.end ?? textLength,
  }
}
