import type { IncomingHttpHeaders } from 'node:http'
import type { StreamTap } from '../conversation/dialect.js'
import type { VendorError } from '../conversation/reply.js'
import type { KnownModel, KnownProvider } from '../snapshot/catalog-state.js'
import type { ErrorEnvelope } from './error-envelope.js'
import type { Usage } from './usage.js'

/** An inference endpoint, as attempts are recorded. */
export type EndpointName =
  | 'chat'
  | 'completions'
  | 'responses'
  | 'messages'
  | 'count_tokens'
  | 'embeddings'
  | 'images'
  | 'speech'
  | 'transcriptions'
  | 'moderations'
  | 'rerank'

/** What virtual keys are limited to; `models` is the list of models. */
export type EndpointScope =
  | 'chat'
  | 'completions'
  | 'responses'
  | 'messages'
  | 'embeddings'
  | 'images'
  | 'audio'
  | 'moderations'
  | 'rerank'
  | 'models'

/** A request as it came, in its own dialect: every field that is not named here passes through untouched. */
export interface RequestDocument {
  model: string
  stream?: boolean
  [field: string]: unknown
}

/** What a caller asks for. */
export interface InferenceCall {
  readonly endpoint: Endpoint
  readonly document: RequestDocument
  /** The body as it came, for endpoints whose body is not JSON. */
  readonly body: Buffer
  readonly headers: IncomingHttpHeaders
  /** What plugins send to the provider beside what the gateway sends. */
  readonly addedHeaders?: Readonly<Record<string, string>>
}

/** One attempt to serve a call, before it is made. */
export interface AttemptedCall {
  readonly call: InferenceCall
  /** As it may be sent: with the limits that hold here. */
  readonly document: RequestDocument
  readonly model: KnownModel
  readonly provider: KnownProvider
  /** UUID of the attempt. */
  readonly attemptId: string
}

/** Where a document says how much output it asks for. */
export interface OutputTerms {
  /** Every field that limits the output tokens; empty: there is no such output. */
  readonly fields: readonly string[]
  /** The field that is set where a request has none of them, for a type of provider. */
  fieldFor(providerType: string): string
}

/** A kind of call that the gateway takes: one file an endpoint, one row in the table of routes. */
export interface Endpoint {
  readonly name: EndpointName
  readonly scope: EndpointScope
  readonly envelope: ErrorEnvelope
  readonly output: OutputTerms
  /** Its body is no text: its length says nothing of its tokens. */
  readonly isBinary?: boolean
  /** Reads a body. Throws invalid_request. */
  read(body: Buffer, headers: IncomingHttpHeaders): RequestDocument
  /** An answer that takes no provider; undefined: it takes one. Left out: it always does. */
  answerHere?(call: InferenceCall, target: Pick<AttemptedCall, 'model' | 'provider'>): object | undefined
  /** What goes to the provider, and how its answer is read. Throws unsupported_model, invalid_request. */
  exchange(attempted: AttemptedCall): Exchange
}

/** What one attempt sends to its provider, and how what comes back is read and told to the caller. */
export interface Exchange {
  /** Below the provider's base URL, with its query. */
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | Buffer
  /** What the attempt is worth if its answer never comes; undefined: the tokens of the request's text. */
  readonly expected?: Usage | undefined
  /** Fields of the request that the provider never sees. */
  readonly ignoredFields: readonly string[]
  /** The stream that an answer with status 200 begins; undefined: the answer is read whole. */
  openStream(contentType: string): StreamTap | undefined
  /** Content type of the stream as the caller gets it; undefined: server-sent events. */
  readonly streamType?: string
  /** Reads a whole answer with a status from 200 to 299. Throws for one that is not of the API. */
  readWhole(body: Buffer, contentType: string): WholeReply
  /** Reads an answer with an error status. */
  readRefusal(status: number, body: Buffer): Refused
}

/** A whole answer as the caller gets it. */
export interface WholeReply {
  readonly body: Buffer | string
  readonly contentType: string
  /** What the provider reported. */
  readonly usage: Usage | undefined
  /** Output tokens, roughly, for when it did not. Called then only. */
  estimateOutputTokens(): number
}

/** What an answer with an error status says. */
export interface Refused {
  readonly error: VendorError
  /** The caller understands the provider's own words: they may be passed on as they are. */
  readonly isOwnDialect: boolean
}

/** An endpoint that answers with no tokens that a request could limit. */
export const noOutput: OutputTerms = { fields: [], fieldFor: () => '' }
