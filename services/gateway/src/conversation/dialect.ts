import { AppError } from '@weir/errors'
import type { Usage } from '../inference/usage.js'
import type { Conversation, DialectName, HostedTool } from './conversation.js'
import type { Reply, ReplyEvent, VendorError } from './reply.js'

/** A JSON object as it was parsed. */
export type Document = Record<string, unknown>

/** What a dialect says of a request and its reply: as the caller sees it, or as the provider does. */
export interface Naming {
  /** The model's name on this side: the caller's alias, or the provider's own. */
  model: string
  /** Of a provider: openai, azure_openai, openai_compatible, …; those of one dialect differ in what they take. */
  providerType?: string
}

/** How a request is written for a provider. */
export interface WrittenRequest {
  document: Document
  /** What of the conversation the dialect cannot say and that only tunes: `seed`, `logit_bias`, … The caller is told. */
  dropped: string[]
}

/** The side of a dialect that callers speak. */
export interface CallerDialect {
  readonly name: DialectName
  /** Reads a request. Throws `invalid_request` with the field's name. */
  readRequest(document: Document): Conversation
  /** Writes an answer, complete by the vendor's published schema. `request` is the caller's own document. */
  writeReply(reply: Reply, naming: Naming, request: Document): Document
  /** A writer of one stream. */
  writeStream(naming: Naming, request: Document): StreamWriter
}

/** A tool that the vendor runs, in its words. */
export interface WrittenTool {
  /** As `NativeTool` has it. */
  name: string
  value: Document
  /** What of it cannot be said and only tunes. */
  dropped: string[]
}

/** The side of a dialect that providers speak. */
export interface ProviderDialect {
  readonly name: DialectName
  /** Names of tools that the vendor takes; each other one reaches it as one of these. */
  readonly toolName: RegExp
  /** Writes a request. Throws `unsupported` for what the dialect cannot say and that changes the answer. */
  writeRequest(conversation: Conversation, naming: Naming): WrittenRequest
  /** Undefined: the vendor, or the model, has no such tool, or none beside functions of the application. */
  writeHosted?(tool: HostedTool, about: { model: string; hasFunctions: boolean }): WrittenTool | undefined
  /** Reads an answer. Throws for one that is not of the dialect. */
  readReply(document: Document): Reply
  /** @param choices how many answers were asked for; 1 where nothing is said */
  readStream(choices?: number): StreamReader
  /** Reads an answer with an error status; `body` is parsed JSON, or the text where it is none. */
  readError(status: number, body: unknown): VendorError
  /** Usage as the vendor counts it, in disjoint buckets; undefined when the counts cannot be true. */
  readUsage(value: unknown): Usage | undefined
}

/** Reads one stream. */
export interface StreamReader {
  /** What the next bytes tell; bytes may be cut anywhere. Throws when an event is endless or is not of the dialect. */
  push(chunk: Buffer): ReplyEvent[]
}

/** Writes one stream. */
export interface StreamWriter {
  /** The bytes that the caller gets for an event; empty: none yet. For `end` and `error`, the stream's last ones. */
  write(event: ReplyEvent): string
  /** The number of the next event, where the dialect numbers them. */
  readonly nextSequence?: number
}

/**
 * A stream on its way to the caller in the dialect that it came in: it is read in passing, and goes
 * on byte for byte, but for what only Weir asked for. Its last event is held back, to be written when
 * the attempt is settled.
 */
export interface StreamTap {
  /** What of a chunk goes on to the caller now; undefined: nothing yet. Throws when an event is endless. */
  push(chunk: Buffer): Buffer | undefined
  /** What the provider reported so far; in disjoint buckets. */
  readonly usage: Usage | undefined
  /** Its end has come. */
  readonly done: boolean
  /** The provider sent an error event. */
  readonly failed: boolean
  /** Neither an end nor an error has come: whoever sees the end now sees a stream that broke off. */
  readonly isCut: boolean
  /** The bytes that were held back. */
  readonly ending: string
  /** The number of the next event, where the dialect numbers them: an error that Weir adds has it. */
  readonly nextSequence?: number | undefined
  /** Output tokens that have passed, for when the provider never says. */
  estimateOutputTokens(): number
}

/** How a dialect passes within itself: the provider speaks what the caller does, and nothing is translated. */
export interface PassingDialect {
  readonly name: DialectName
  /** The request's body for the provider: its own name of the model, usage in every stream, and nothing else changed. */
  toUpstreamBody(document: Document, naming: Naming): string
  /** What a whole reply says was used; undefined: nothing, or what cannot be true. */
  readReplyUsage(reply: unknown): Usage | undefined
  /** Output tokens of a whole reply that does not say. */
  estimateReplyTokens(reply: unknown): number
  /** Reads a stream in passing. `request` is the caller's own document. */
  tapStream(request: Document): StreamTap
}

/** The refusal of what a provider's dialect cannot carry, by the feature's name. */
export function unsupported(model: string, feature: string): AppError {
  const reason = `its provider cannot carry ${feature}`
  return AppError.of('unsupported_model', { model, reason }, { param: feature })
}
