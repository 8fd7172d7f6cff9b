import type { OpenAPIObject } from '@nestjs/swagger'
import { inferenceParameters, keptHeaders, limitHeaders, refusals, requestIdHeader } from './answers.js'
import { belowRepositories, conversationPaths, conversationSchemas } from './conversations.js'
import { operationPaths, operationSchemas } from './operations.js'

type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>

const chatRequest = { $ref: '#/components/schemas/ChatCompletionRequest' }
const createChatCompletion = (operationId: string): Operation => ({
  operationId,
  tags: ['inference'],
  summary: 'Chat completion, in OpenAI’s shape',
  description:
    'Where the provider speaks this dialect, every field passes untouched but `model`, which becomes the provider’s own name; else the conversation is translated. ' +
    'With `stream: true` the answer is an event stream that ends with `data: [DONE]`; one that breaks off ends with an event that has `error` instead.',
  security: [{ virtualKey: [] }],
  parameters: inferenceParameters,
  requestBody: { required: true, content: { 'application/json': { schema: chatRequest } } },
  responses: {
    '200': {
      description: 'The provider’s reply, as it came.',
      headers: {
        ...requestIdHeader,
        ...limitHeaders,
        ...keptHeaders,
      },
      content: {
        'application/json': { schema: { $ref: '#/components/schemas/ChatCompletion' } },
        'text/event-stream': {
          schema: { type: 'string', description: 'Server-sent events, each a chat.completion.chunk.' },
        },
      },
    },
    ...refusals,
  },
})

const openModelList = {
  description:
    'With a virtual key: the models that it may use, in OpenAI’s shape. With the master key: the catalog’s models.',
}

const inferencePaths: OpenAPIObject['paths'] = {
  '/v1/chat/completions': { post: createChatCompletion('createChatCompletion') },
  ...conversationPaths,
  ...operationPaths,
}

/** The inference routes, which no controller declares: they are served in front of the framework. */
export const inferenceDocument: Pick<OpenAPIObject, 'paths' | 'components'> = {
  paths: {
    ...inferencePaths,
    '/chat/completions': { post: createChatCompletion('createChatCompletionWithoutVersion') },
    ...belowRepositories(inferencePaths),
    '/readyz': {
      get: {
        operationId: 'getReadiness',
        tags: ['health'],
        summary: 'Whether a request can be served now',
        responses: { '200': { description: 'Yes.' }, '503': { description: 'No; `missing` says what is.' } },
      },
    },
    '/livez': {
      get: {
        operationId: 'getLiveness',
        tags: ['health'],
        summary: 'Whether the process lives; depends on nothing else',
        responses: { '200': { description: 'Yes.' } },
      },
    },
  },
  components: {
    securitySchemes: {
      virtualKey: {
        type: 'http',
        scheme: 'bearer',
        description: 'A virtual key, `vk_…`; also taken from the header `x-api-key`.',
      },
      masterKey: {
        type: 'http',
        scheme: 'bearer',
        description: 'The master key, `mk_…`; also taken from the header `x-api-key`.',
      },
      session: {
        type: 'http',
        scheme: 'bearer',
        description:
          'A session (`ses_…`, from POST /v1/sessions; also as its cookie), an access token (`oat_…`, from POST /v1/oauth/token), or a virtual key of type management or default.',
      },
    },
    schemas: {
      Error: {
        type: 'object',
        required: ['error'],
        properties: {
          error: {
            type: 'object',
            required: ['message', 'type', 'param', 'code'],
            properties: {
              message: { type: 'string', description: 'What happened and what to do.' },
              type: { type: 'string', description: 'The kind of error, as OpenAI names them.' },
              param: { type: 'string', nullable: true, description: 'The field at fault.' },
              code: { type: 'string', description: 'Tells the errors apart; see the table of errors.' },
              errors: {
                type: 'array',
                description: 'Every mistake, when there are several.',
                items: {
                  type: 'object',
                  required: ['field', 'message'],
                  properties: { field: { type: 'string' }, message: { type: 'string' } },
                },
              },
            },
          },
        },
      },
      ChatCompletionRequest: {
        type: 'object',
        required: ['model', 'messages'],
        description: 'OpenAI’s request. Fields that are not listed here pass through as they are.',
        additionalProperties: true,
        properties: {
          model: { type: 'string', description: 'Public name of a model; GET /v1/models lists them.' },
          messages: {
            type: 'array',
            items: { type: 'object', additionalProperties: true },
            description: 'The conversation.',
          },
          stream: { type: 'boolean', description: 'Answer as an event stream.' },
          stream_options: {
            type: 'object',
            additionalProperties: true,
            properties: {
              include_usage: { type: 'boolean', description: 'Send usage in a last chunk of the stream.' },
            },
          },
        },
      },
      ChatCompletion: {
        type: 'object',
        description: 'OpenAI’s reply, as the provider sent it.',
        additionalProperties: true,
        properties: {
          id: { type: 'string' },
          object: { type: 'string', enum: ['chat.completion'] },
          model: { type: 'string', description: 'As the provider names it.' },
          choices: { type: 'array', items: { type: 'object', additionalProperties: true } },
          usage: { type: 'object', additionalProperties: true },
        },
      },
      ...operationSchemas,
      ...conversationSchemas,
      ModelObject: {
        type: 'object',
        required: ['id', 'object', 'created', 'owned_by'],
        properties: {
          id: { type: 'string', description: 'Public name of the model.' },
          object: { type: 'string', enum: ['model'] },
          created: { type: 'integer', description: 'Seconds since 1970.' },
          owned_by: { type: 'string', description: 'Name of its provider.' },
        },
      },
      ModelObjectList: {
        type: 'object',
        ...openModelList,
        required: ['object', 'data'],
        properties: {
          object: { type: 'string', enum: ['list'] },
          data: { type: 'array', items: { $ref: '#/components/schemas/ModelObject' } },
        },
      },
    },
  },
}
