import { randomBytes } from 'node:crypto'
import type { Document, Naming } from '../../conversation/dialect.js'
import { asObject, asText, objectsOf } from '../../conversation/json.js'
import type { Reply, Stop, VendorError } from '../../conversation/reply.js'
import type { Usage } from '../../inference/usage.js'
import { writeFailureCode } from './errors.js'
import { writeUsage } from './usage.js'

/** What is known of a response at a time. */
export interface ResponseState {
  head: Pick<Reply, 'id' | 'created'>
  /** Undefined: under way. */
  stop?: Stop
  error?: VendorError
  output: Document[]
  usage?: Usage | undefined
  serviceTier?: string | undefined
}

/** Stands in the ids that are made here: no provider knows what they name. */
export const madeHere = 'weir'

/** A new id of OpenAI's form. */
export const newId = (prefix: string): string => `${prefix}_${madeHere}${randomBytes(22).toString('hex')}`

/** The id of a response: the vendor's own stays recognisable in logs. */
export function responseId(vendorId: string): string {
  if (vendorId.startsWith('resp_')) return vendorId
  const known = vendorId.replace(/[^\w-]/g, '')
  return known === '' ? newId('resp') : `resp_${known}`
}

/** A response object with every field that OpenAI's has; what the caller set is told back to it. */
export function writeResponse(state: ResponseState, naming: Naming, request: Document): Document {
  const status = statusOf(state)
  const reasoning = asObject(request['reasoning'])
  const text = asObject(request['text'])
  return {
    id: state.head.id,
    object: 'response',
    created_at: state.head.created,
    status,
    background: false,
    completed_at: status === 'completed' ? Math.max(state.head.created, Math.floor(Date.now() / 1000)) : null,
    error: state.error ? { code: writeFailureCode(state.error), message: state.error.message } : null,
    frequency_penalty: 0,
    incomplete_details: status === 'incomplete' ? { reason: incompleteReason(state.stop) } : null,
    instructions: request['instructions'] ?? null,
    max_output_tokens: request['max_output_tokens'] ?? null,
    max_tool_calls: request['max_tool_calls'] ?? null,
    model: naming.model,
    access_programs: null,
    moderation: null,
    output: state.output,
    parallel_tool_calls: request['parallel_tool_calls'] ?? true,
    presence_penalty: 0,
    previous_response_id: null,
    prompt_cache_key: request['prompt_cache_key'] ?? null,
    prompt_cache_retention: request['prompt_cache_retention'] ?? null,
    reasoning: {
      effort: reasoning?.['effort'] ?? null,
      summary: reasoning?.['summary'] ?? null,
    },
    safety_identifier: request['safety_identifier'] ?? null,
    service_tier: serviceTierOf(state, request),
    // Nothing is kept: what a response was is in the hands of who received it.
    store: false,
    temperature: request['temperature'] ?? 1,
    text: { format: text?.['format'] ?? { type: 'text' }, verbosity: text?.['verbosity'] ?? 'medium' },
    tool_choice: request['tool_choice'] ?? 'auto',
    tools: objectsOf(request['tools']).map(writeTool),
    top_logprobs: request['top_logprobs'] ?? 0,
    top_p: request['top_p'] ?? 1,
    truncation: request['truncation'] ?? 'disabled',
    // OpenAI says null for these, which its own schema forbids.
    ...(state.usage && { usage: writeUsage(state.usage) }),
    ...(typeof request['user'] === 'string' && { user: request['user'] }),
    metadata: request['metadata'] ?? {},
  }
}

function statusOf({ stop, error }: ResponseState): string {
  if (error) return 'failed'
  if (!stop) return 'in_progress'
  return isIncomplete(stop) ? 'incomplete' : 'completed'
}

/** Whether an answer that stopped so is not all that the model had to say. */
export const isIncomplete = (stop: Stop): boolean =>
  stop.reason === 'length' || stop.reason === 'context' || stop.reason === 'content_filter'

const incompleteReason = (stop: Stop | undefined): string =>
  stop?.reason === 'content_filter' ? 'content_filter' : 'max_output_tokens'

const serviceTiers = ['auto', 'default', 'flex', 'scale', 'priority']

function serviceTierOf({ serviceTier }: ResponseState, request: Document): string {
  const named = serviceTier ?? asText(request['service_tier'])
  return named !== undefined && serviceTiers.includes(named) && named !== 'auto' ? named : 'default'
}

/** OpenAI tells tools back with every field. */
function writeTool(tool: Document): Document {
  if (tool['type'] !== 'function') return tool
  return {
    ...tool,
    description: tool['description'] ?? null,
    parameters: tool['parameters'] ?? null,
    strict: tool['strict'] ?? true,
  }
}
