import { AppError } from '@weir/errors'

/** One part of a multipart/form-data body. */
export interface Part {
  name: string
  /** Undefined: it is a field, and no file. */
  filename: string | undefined
  /** The part's own headers, as they came. */
  head: string
  content: Buffer
}

const maxParts = 1_000
const maxHeadBytes = 16 * 1_024
const headEnd = Buffer.from('\r\n\r\n')

const malformed = (reason: string): AppError =>
  AppError.of('invalid_request', { reason: `The body is not multipart/form-data: ${reason}.` })

/** Reads a form. The contents are views of the body. Throws invalid_request. */
export function readForm(body: Buffer, contentType: string): Part[] {
  const boundary = readBoundary(contentType)
  const first = Buffer.from(`--${boundary}`)
  const next = Buffer.from(`\r\n--${boundary}`)
  let at = body.indexOf(first)
  if (at !== 0 && body.subarray(at - 2, at).toString('latin1') !== '\r\n')
    throw malformed('its boundary is missing')
  at += first.length
  const parts: Part[] = []
  while (body.subarray(at, at + 2).toString('latin1') !== '--') {
    const start = body.indexOf('\r\n', at)
    const contentStart = start < 0 ? -1 : body.indexOf(headEnd, start)
    const contentEnd = contentStart < 0 ? -1 : body.indexOf(next, contentStart + 2)
    if (contentEnd < 0) throw malformed('it breaks off')
    if (contentStart - start > maxHeadBytes) throw malformed('a part has too long headers')
    if (parts.length === maxParts) throw malformed(`it has more than ${maxParts} parts`)
    const head = body.toString('utf8', start + 2, contentStart)
    const content = body.subarray(Math.min(contentStart + headEnd.length, contentEnd), contentEnd)
    parts.push({ ...readNames(head), head, content })
    at = contentEnd + next.length
  }
  return parts
}

/** The same form with other fields, in a body of its own. */
export function writeForm(parts: readonly Part[], boundary: string): Buffer {
  const pieces: Buffer[] = []
  for (const { head, content } of parts) {
    pieces.push(Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`), content, Buffer.from('\r\n'))
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`))
  return Buffer.concat(pieces)
}

/** A field of a form. */
export function fieldPart(name: string, value: string): Part {
  const quoted = name.replace(/["\r\n]/g, (character) => encodeURIComponent(character))
  const head = `content-disposition: form-data; name="${quoted}"`
  return { name, filename: undefined, head, content: Buffer.from(value) }
}

function readBoundary(contentType: string): string {
  const isForm = /^multipart\/form-data\s*;/i.test(contentType)
  const match = isForm ? /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) : null
  const boundary = match?.[1] ?? match?.[2]
  if (boundary === undefined) throw malformed('its content-type has no boundary')
  return boundary
}

function readNames(head: string): { name: string; filename: string | undefined } {
  const disposition = /^content-disposition:[^\r\n]*/im.exec(head)?.[0] ?? ''
  const name = parameter(disposition, 'name')
  if (name === undefined) throw malformed('a part has no name')
  return { name, filename: parameter(disposition, 'filename') ?? parameter(disposition, 'filename\\*') }
}

function parameter(disposition: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`, 'i').exec(disposition)
  return match?.[1] ?? match?.[2]
}
