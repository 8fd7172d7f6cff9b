import type { Document } from '../../conversation/dialect.js'
import { asObject, asText, objectsOf } from '../../conversation/json.js'
import type { Reply } from '../../conversation/reply.js'
import { readBlock } from './content-reader.js'
import { readStop } from './stop.js'
import { readUsage } from './usage.js'

/** Reads a message. */
export function readReply(document: Document): Reply {
  if (document['type'] !== 'message' || !Array.isArray(document['content']))
    throw new Error('its reply is no message.')
  const parts = objectsOf(document['content']).map(readBlock)
  for (const part of parts)
    if (part.type === 'tool_call' && part.name === '')
      throw new Error('a tool call of its reply has no name.')
  const hasCalls = parts.some(({ type }) => type === 'tool_call')
  const stop = readStop(document, hasCalls)
  const serviceTier = readTier(document['usage'])
  return {
    id: asText(document['id']) ?? '',
    model: asText(document['model']) ?? '',
    created: Math.floor(Date.now() / 1000),
    choices: [{ parts, stop }],
    usage: readUsage(document['usage']),
    ...(serviceTier !== undefined && { serviceTier }),
  }
}

/** The level of service in OpenAI's words. */
export function readTier(usage: unknown): string | undefined {
  const tier = asText(asObject(usage)?.['service_tier'])
  return tier === 'standard' ? 'default' : tier
}
