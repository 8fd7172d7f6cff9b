import type { Media, Part } from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { asObject, asText, objectsOf } from '../../conversation/json.js'
import { mediaOfUrl } from '../../conversation/media.js'
import { invalidField } from '../../conversation/request-fields.js'
import { readAnnotation } from './annotation.js'

/** The content of a message or of a call's output: a text, or a list of parts. */
export function readContent(content: unknown, path: string): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  if (content === undefined || content === null) return []
  if (!Array.isArray(content)) throw invalidField(path, 'a text or a list of parts')
  return objectsOf(content).map((part) => readContentPart(part, path))
}

function readContentPart(part: Document, path: string): Part {
  const type = asText(part['type']) ?? ''
  switch (type) {
    case 'input_text':
    case 'text':
      return { type: 'text', text: requireText(part, 'text', path) }
    case 'output_text': {
      const citations = objectsOf(part['annotations']).map(readAnnotation)
      return {
        type: 'text',
        text: requireText(part, 'text', path),
        ...(citations.length > 0 && { citations }),
      }
    }
    case 'refusal':
      return { type: 'refusal', text: requireText(part, 'refusal', path) }
    case 'input_image': {
      const detail = asText(part['detail'])
      return { type: 'image', source: readImage(part, path), ...(detail !== undefined && { detail }) }
    }
    case 'input_file':
      return readFile(part, path)
    case 'input_audio':
      return { type: 'audio', source: readAudio(asObject(part['input_audio']) ?? {}) }
    default:
      return { type: 'native', dialect: 'openai-responses', name: type || path, value: part }
  }
}

function requireText(part: Document, field: string, path: string): string {
  const text = asText(part[field])
  if (text === undefined) throw invalidField(`${path}.${field}`, 'a text')
  return text
}

function readImage(part: Document, path: string): Media {
  const url = asText(part['image_url'])
  if (url !== undefined) return mediaOfUrl(url)
  const id = asText(part['file_id'])
  if (id === undefined) throw invalidField(`${path}.image_url`, 'an address or a data URL')
  return { kind: 'file', id, dialect: 'openai-responses' }
}

function readFile(part: Document, path: string): Part {
  const title = asText(part['filename'])
  const data = asText(part['file_data'])
  const url = asText(part['file_url'])
  const id = asText(part['file_id'])
  let source: Media
  if (data !== undefined) {
    const read = mediaOfUrl(data)
    // Without a data URL around it, the content of a PDF is meant.
    source = read.kind === 'base64' ? read : { kind: 'base64', mediaType: 'application/pdf', data }
  } else if (url !== undefined) source = mediaOfUrl(url)
  else if (id !== undefined) source = { kind: 'file', id, dialect: 'openai-responses' }
  else throw invalidField(`${path}.file_data`, 'given, or `file_url`, or `file_id`')
  const isImage = source.kind === 'base64' && source.mediaType.startsWith('image/')
  if (isImage) return { type: 'image', source }
  return { type: 'document', source, ...(title !== undefined && { title }) }
}

function readAudio(audio: Document): Media {
  return {
    kind: 'base64',
    mediaType: `audio/${asText(audio['format']) ?? 'wav'}`,
    data: asText(audio['data']) ?? '',
  }
}
