import type { Media } from '../../conversation/conversation.js'
import { unsupported, type Document } from '../../conversation/dialect.js'

/** Bedrock's names of formats, where they are not the second half of the media type. */
const formats: Readonly<Record<string, string>> = {
  'image/jpg': 'jpeg',
  'text/plain': 'txt',
  'text/markdown': 'md',
  'text/html': 'html',
  'text/csv': 'csv',
  'application/msword': 'doc',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'audio/mpeg': 'mp3',
  'audio/x-wav': 'wav',
}

const formatOf = (mediaType: string): string => formats[mediaType] ?? mediaType.split('/').at(-1) ?? mediaType

/** An image, or a sound: by its bytes or its place in S3. Bedrock fetches no other address. */
export function writeMedia(kind: 'image' | 'audio', source: Media, model: string): Document {
  if (source.kind === 'base64') {
    return { [kind]: { format: formatOf(source.mediaType), source: { bytes: source.data } } }
  }
  const place = s3Location(source)
  if (source.kind !== 'url' || !place)
    throw unsupported(model, source.kind === 'url' ? `${kind}_url` : 'file_id')
  const format = formatOf(source.mediaType ?? endingOf(source.url) ?? (kind === 'image' ? 'png' : 'wav'))
  return { [kind]: { format, source: place } }
}

/** A document; `number` makes its name where it has none, for Bedrock asks for one. */
export function writeDocument(
  source: Media,
  title: string | undefined,
  number: number,
  model: string,
): Document {
  const name = toDocumentName(title ?? '') || `document-${number}`
  switch (source.kind) {
    case 'base64':
      return { document: { format: formatOf(source.mediaType), name, source: { bytes: source.data } } }
    case 'text':
      return { document: { format: 'txt', name, source: { text: source.text } } }
    default: {
      const place = s3Location(source)
      if (source.kind !== 'url' || !place)
        throw unsupported(model, source.kind === 'url' ? 'file_url' : 'file_id')
      const format = formatOf(source.mediaType ?? endingOf(source.url) ?? 'pdf')
      return { document: { format, name, source: place } }
    }
  }
}

function s3Location(source: Media): Document | undefined {
  return source.kind === 'url' && source.url.startsWith('s3://')
    ? { s3Location: { uri: source.url } }
    : undefined
}

const endingOf = (url: string): string | undefined =>
  /\.(\w{2,5})$/.exec(url)?.[1]?.toLowerCase().replace(/^jpg$/, 'jpeg')

/** Letters, digits, single spaces, hyphens, parentheses and brackets are all that a document's name may have. */
const toDocumentName = (title: string): string =>
  title
    .replace(/[^a-zA-Z0-9\s()[\]-]+/g, '-')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200)
