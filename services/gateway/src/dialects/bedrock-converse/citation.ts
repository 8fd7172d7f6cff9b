import type { Citation } from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { asObject, asText, objectsOf } from '../../conversation/json.js'

/** A citation of a page, a search result or a document; its place is one in the source, not in the answer. */
export function readCitation(citation: Document): Citation {
  const location = asObject(citation['location'])
  const url = asText(asObject(location?.['web'])?.['url']) ?? urlOf(citation['source'])
  const title = asText(citation['title'])
  const citedText = objectsOf(citation['sourceContent'])
    .map(({ text }) => asText(text) ?? '')
    .join('')
  return {
    ...(url !== undefined && { url }),
    ...(title !== undefined && { title }),
    ...(citedText !== '' && { citedText }),
    native: { dialect: 'bedrock-converse', value: citation },
  }
}

function urlOf(source: unknown): string | undefined {
  const text = asText(source)
  return text !== undefined && /^https?:/.test(text) ? text : undefined
}
