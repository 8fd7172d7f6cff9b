import type { Media } from './conversation.js'

const dataUrl = /^data:([^;,]*)((?:;[^;,]*)*),/i

/** What a URL stands for: the bytes within a `data:` URL, else itself. */
export function mediaOfUrl(url: string): Media {
  const found = dataUrl.exec(url)
  if (!found) return { kind: 'url', url }
  const mediaType = found[1] === '' || found[1] === undefined ? 'text/plain' : found[1]
  const data = url.slice(found[0].length)
  if (/;base64$/i.test(found[2] ?? '')) return { kind: 'base64', mediaType, data }
  return { kind: 'base64', mediaType, data: Buffer.from(decodeUri(data)).toString('base64') }
}

/** A URL of the bytes, for dialects that take nothing else. */
export function urlOfMedia(media: Extract<Media, { kind: 'base64' | 'url' }>): string {
  return media.kind === 'url' ? media.url : `data:${media.mediaType};base64,${media.data}`
}

/** What a document says, where it is plain text; undefined: it has to be looked at. */
export function textOfMedia(media: Media): string | undefined {
  if (media.kind === 'text') return media.text
  return media.kind === 'base64' && /^(text\/|application\/json)/.test(media.mediaType)
    ? Buffer.from(media.data, 'base64').toString()
    : undefined
}

/** OpenAI's name of a sound's format. */
export const audioFormatOf = (mediaType: string): string =>
  mediaType.replace(/^audio\/(x-)?/, '').replace('mpeg', 'mp3')

function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
