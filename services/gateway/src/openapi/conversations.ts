import type { OpenAPIObject } from '@nestjs/swagger'
import { inferenceParameters, keptHeaders, limitHeaders, refusals, requestIdHeader } from './answers.js'

type Paths = OpenAPIObject['paths']
type Operation = NonNullable<Paths[string]['post']>

const object = { type: 'object' as const, additionalProperties: true }
const anthropicError = {
  'application/json': { schema: { $ref: '#/components/schemas/AnthropicError' } },
}

const ignoredHeader = {
  'x-weir-ignored-fields': {
    description:
      'Fields of the request that the provider never saw, because its dialect has no place for them. Absent: none.',
    schema: { type: 'string' as const },
  },
}

interface Declaration {
  operationId: string
  summary: string
  description: string
  required: string[]
  properties: Record<string, { type: 'string' | 'boolean' | 'integer' | 'object'; description: string }>
  /** What the answer is, and how a stream of it ends. */
  answer: string
  events?: string
  isAnthropic?: boolean
}

const model = { type: 'string' as const, description: 'A model or the alias of a deployment.' }
const stream = { type: 'boolean' as const, description: 'Answer as an event stream.' }

/** Anthropic's refusals have the same statuses and codes, in another envelope. */
const anthropicRefusals = Object.fromEntries(
  Object.entries(refusals).map(([status, refusal]) => [status, { ...refusal, content: anthropicError }]),
)

function conversation(declaration: Declaration): Operation {
  const { operationId, summary, description, required, properties, answer, events, isAnthropic } = declaration
  return {
    ...{ operationId, tags: ['inference'], summary, description, security: [{ virtualKey: [] }] },
    parameters: inferenceParameters,
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: { ...object, required: ['model', ...required], properties } },
      },
    },
    responses: {
      '200': {
        description: answer,
        headers: { ...requestIdHeader, ...limitHeaders, ...keptHeaders, ...ignoredHeader },
        content: {
          'application/json': { schema: object },
          ...(events !== undefined && {
            'text/event-stream': { schema: { type: 'string' as const, description: events } },
          }),
        },
      },
      ...(isAnthropic ? anthropicRefusals : refusals),
    },
  }
}

const translated =
  'Where the provider speaks this dialect, every field passes as it is; else the conversation is translated, and what the provider cannot do at all is refused with `unsupported_model`, whose `param` names it.'

/** Conversations in other dialects than Chat Completions, and how deployments do. */
export const conversationPaths: Paths = {
  '/v1/completions': {
    post: conversation({
      ...{ operationId: 'createCompletion', summary: 'Completion of a text, in OpenAI’s shape' },
      description: translated,
      required: ['prompt'],
      properties: { model, stream, prompt: { type: 'string', description: 'The text.' } },
      answer: 'OpenAI’s completion.',
      events: 'Server-sent events, each a text_completion; the last is `data: [DONE]`.',
    }),
  },
  '/v1/responses': {
    post: conversation({
      ...{ operationId: 'createResponse', summary: 'Response, in OpenAI’s shape' },
      description: `${translated} \`previous_response_id\` works where the provider keeps what was said.`,
      required: ['input'],
      properties: { model, stream, input: { type: 'object', description: 'A text or a list of items.' } },
      answer: 'OpenAI’s response.',
      events:
        'Server-sent events of the Responses API, from response.created to response.completed; one that breaks off ends with `error`.',
    }),
  },
  '/v1/messages': {
    post: conversation({
      ...{ operationId: 'createMessage', summary: 'Message, in Anthropic’s shape', isAnthropic: true },
      description: `${translated} \`anthropic-beta\` is forwarded to providers of the type anthropic.`,
      required: ['max_tokens', 'messages'],
      properties: {
        ...{ model, stream, max_tokens: { type: 'integer', description: 'Most output tokens.' } },
        messages: { type: 'object', description: 'A list of turns.' },
      },
      answer: 'Anthropic’s message.',
      events:
        'Server-sent events of the Messages API, from message_start to message_stop; one that breaks off ends with `error`.',
    }),
  },
  '/v1/messages/count_tokens': {
    post: conversation({
      ...{ operationId: 'countMessageTokens', summary: 'Input tokens of a message', isAnthropic: true },
      description:
        'Anthropic’s own count where it is the provider, which costs nothing; else an estimate, rather too high than too low.',
      required: ['messages'],
      properties: { model, messages: { type: 'object', description: 'A list of turns.' } },
      answer: '`input_tokens`.',
    }),
  },
  '/v1/deployments/{id}/health': {
    get: {
      operationId: 'getDeploymentHealth',
      tags: ['deployments'],
      summary: 'How the targets of a deployment do',
      description: 'As the gateway that answers has seen it: each looks by itself.',
      security: [{ masterKey: [] }, { session: [] }],
      parameters: [
        { name: 'id', in: 'path', required: true, description: 'Its id.', schema: { type: 'string' } },
      ],
      responses: {
        '200': {
          description:
            '`targets`: of each its `state` (healthy, probing, ejected), `ejected_until`, `in_flight`, `attempts`, `failures`, `last_failure`, `last_failure_at`, `first_byte_ms` (an average).',
          content: { 'application/json': { schema: object } },
        },
        '401': refusals['401'],
        '403': refusals['403'],
        '404': refusals['404'],
      },
    },
  },
}

export const conversationSchemas = {
  AnthropicError: {
    type: 'object' as const,
    required: ['type', 'error', 'request_id'],
    properties: {
      type: { type: 'string' as const, enum: ['error'] },
      error: {
        type: 'object' as const,
        required: ['type', 'message', 'code'],
        properties: {
          type: { type: 'string' as const, description: 'The kind of error, as Anthropic names them.' },
          message: { type: 'string' as const, description: 'What happened and what to do.' },
          code: { type: 'string' as const, description: 'Tells the errors apart; see the table of errors.' },
        },
      },
      request_id: { type: 'string' as const },
    },
  },
}

/** The same inference paths below a repository: `/r/{repository}/v1/…`. */
export function belowRepositories(paths: Paths): Paths {
  const repository = {
    ...{ name: 'repository', in: 'path' as const, required: true, schema: { type: 'string' as const } },
    description: 'Name of a repository of the virtual key’s workspace.',
  }
  const below: Paths = {}
  for (const [path, { post }] of Object.entries(paths)) {
    if (!post || !path.startsWith('/v1/')) continue
    below[`/r/{repository}${path}`] = {
      post: {
        ...post,
        operationId: `${post.operationId ?? ''}InRepository`,
        parameters: [repository, ...(post.parameters ?? [])],
      },
    }
  }
  return below
}
