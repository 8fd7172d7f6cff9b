import type { OpenAPIObject } from '@nestjs/swagger'
import { inferenceParameters, keptHeaders, limitHeaders, refusals, requestIdHeader } from './answers.js'

type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>
type Body = Exclude<NonNullable<Operation['requestBody']>, { $ref: string }>
type Content = Body['content']
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>

const json = (schema: string) => ({
  'application/json': { schema: { $ref: `#/components/schemas/${schema}` } },
})

interface Declaration {
  operationId: string
  summary: string
  /** How it is metered, and who offers it. */
  description: string
  request: Content
  answer: Content
}

const operation = ({ operationId, summary, description, request, answer }: Declaration): Operation => ({
  ...{ operationId, tags: ['inference'], summary, description, security: [{ virtualKey: [] }] },
  parameters: inferenceParameters,
  requestBody: { required: true, content: request },
  responses: {
    '200': {
      description: 'The provider’s reply, as it came.',
      headers: { ...requestIdHeader, ...limitHeaders, ...keptHeaders },
      content: answer,
    },
    ...refusals,
  },
})

const events = (description: string) => ({
  'text/event-stream': { schema: { type: 'string' as const, description } },
})

const model = { type: 'string' as const, description: 'Public name of a model; GET /v1/models lists them.' }
const usage = {
  type: 'object' as const,
  additionalProperties: true,
  description: 'What the provider says was used.',
}
const object = { type: 'object' as const, additionalProperties: true }
const list = (description: string) => ({ type: 'array' as const, items: object, description })

/** Endpoints that pass to a provider that offers them, in the form in which they came. */
export const operationPaths: OpenAPIObject['paths'] = {
  '/v1/embeddings': {
    post: operation({
      operationId: 'createEmbedding',
      summary: 'Embeddings, in OpenAI’s shape',
      description:
        'Metered in input tokens. Providers of the types openai, azure_openai, openai_compatible, sandbox, and gemini for texts; others refuse with `unsupported_model`.',
      request: json('EmbeddingRequest'),
      answer: json('EmbeddingList'),
    }),
  },
  '/v1/images/generations': {
    post: operation({
      operationId: 'createImage',
      summary: 'Images made of a text, in OpenAI’s shape',
      description:
        'Metered in tokens where the provider counts them, else in images, and in images where the model has the price `per_image`. Providers of the types openai, azure_openai, openai_compatible and sandbox.',
      request: json('ImageRequest'),
      answer: { ...json('ImageList'), ...events('With `stream: true`: image_generation events.') },
    }),
  },
  '/v1/audio/speech': {
    post: operation({
      operationId: 'createSpeech',
      summary: 'Speech made of a text, in OpenAI’s shape',
      description:
        'Metered in characters where the model has the price `per_million_characters`, else in tokens: those that the provider tells with `stream_format: sse`, else an estimate. Providers of the types openai, azure_openai, openai_compatible and sandbox.',
      request: json('SpeechRequest'),
      answer: {
        'audio/*': { schema: { type: 'string', format: 'binary' } },
        ...events('With `stream_format: sse`: speech.audio events.'),
      },
    }),
  },
  '/v1/audio/transcriptions': {
    post: operation({
      operationId: 'createTranscription',
      summary: 'What is said in a recording, in OpenAI’s shape',
      description:
        'Metered in seconds, a begun one whole, or in tokens where the provider counts them and the model has no price `per_minute`. Where the answer does not say (text), the length is that of the WAV file or of the subtitles, else a guess by size. Providers of the types openai, azure_openai, openai_compatible and sandbox.',
      request: { 'multipart/form-data': { schema: { $ref: '#/components/schemas/TranscriptionRequest' } } },
      answer: {
        ...json('Transcription'),
        'text/plain': { schema: { type: 'string' } },
        ...events('With `stream: true`: transcript.text events.'),
      },
    }),
  },
  '/v1/moderations': {
    post: operation({
      operationId: 'createModeration',
      summary: 'Whether a text or an image is harmful, in OpenAI’s shape',
      description:
        'Metered in requests, or in tokens where the model has the price `input_per_million`. Providers of the types openai, openai_compatible and sandbox.',
      request: json('ModerationRequest'),
      answer: json('Moderation'),
    }),
  },
  '/v1/rerank': {
    post: operation({
      operationId: 'createRerank',
      summary:
        'Documents in the order of what they have to do with a question, in the shape of Cohere and Jina',
      description:
        'Metered in searches where the model has the price `per_thousand_searches` or the provider counts them, else in tokens. Providers of the types openai_compatible and sandbox.',
      request: json('RerankRequest'),
      answer: json('Rerank'),
    }),
  },
}

const request = (required: string[], properties: Schemas): Schemas[string] => ({
  type: 'object',
  required: ['model', ...required],
  description: 'Fields that are not listed here pass through as they are.',
  additionalProperties: true,
  properties: { model, ...properties },
})

const reply = (properties: Schemas): Schemas[string] => ({
  type: 'object',
  description: 'As the provider sent it.',
  additionalProperties: true,
  properties,
})

const oneOrMore = (description: string): Schemas[string] => ({
  description,
  oneOf: [
    { type: 'string' },
    {
      type: 'array',
      items: { oneOf: [{ type: 'string' }, { type: 'number' }, object, { type: 'array', items: {} }] },
    },
  ],
})

/** What they take and answer. */
export const operationSchemas: Schemas = {
  EmbeddingRequest: request(['input'], {
    input: oneOrMore('A text, a list of texts, or tokens.'),
    dimensions: { type: 'integer', minimum: 1, description: 'Length of a vector.' },
    encoding_format: { type: 'string', enum: ['float', 'base64'], description: 'How a vector is written.' },
  }),
  EmbeddingList: reply({
    object: { type: 'string', enum: ['list'] },
    data: list('A vector for each text.'),
    usage,
  }),
  ImageRequest: request(['prompt'], {
    prompt: { type: 'string', description: 'What the images show.' },
    n: { type: 'integer', minimum: 1, default: 1, description: 'How many images.' },
    stream: { type: 'boolean', description: 'Answer as an event stream.' },
  }),
  ImageList: reply({ created: { type: 'integer' }, data: list('The images.'), usage }),
  SpeechRequest: request(['input', 'voice'], {
    input: { type: 'string', description: 'What is said.' },
    voice: { description: 'Who says it.', oneOf: [{ type: 'string' }, object] },
    response_format: { type: 'string', description: 'mp3, opus, aac, flac, wav, pcm.' },
    stream_format: {
      type: 'string',
      enum: ['audio', 'sse'],
      description: 'Sound, or events with pieces of it.',
    },
  }),
  TranscriptionRequest: request(['file'], {
    file: { type: 'string', format: 'binary', description: 'The recording, with the name of its file.' },
    response_format: { type: 'string', description: 'json, verbose_json, text, srt, vtt.' },
    stream: { type: 'boolean', description: 'Answer as an event stream.' },
  }),
  Transcription: reply({ text: { type: 'string', description: 'What is said.' }, usage }),
  ModerationRequest: request(['input'], { input: oneOrMore('A text, or a list of texts and images.') }),
  Moderation: reply({ id: { type: 'string' }, results: list('A verdict for each input.') }),
  RerankRequest: request(['query', 'documents'], {
    query: { type: 'string', description: 'The question.' },
    documents: { type: 'array', minItems: 1, items: {}, description: 'Texts, or objects with texts.' },
    top_n: { type: 'integer', minimum: 1, description: 'How many to answer with.' },
  }),
  Rerank: reply({ results: list('`index` and `relevance_score`, the best first.'), usage }),
}
