import { AppError } from '@weir/errors'
import type { UsageCounts, UsageUnit } from '@weir/rating'
import type { IncomingHttpHeaders } from 'node:http'
import { type Document, type StreamTap, unsupported } from '../conversation/dialect.js'
import { parseObject } from '../conversation/json.js'
import { readError } from '../dialects/openai-chat/errors.js'
import { toAnswer } from '../inference/answered-error.js'
import { jsonHeaders } from '../inference/conversation-exchange.js'
import { readJson } from '../inference/conversation-endpoints.js'
import {
  type AttemptedCall,
  type Endpoint,
  type EndpointName,
  type EndpointScope,
  type Exchange,
  noOutput,
  type Refused,
  type RequestDocument,
  type WholeReply,
} from '../inference/endpoint.js'
import { openaiEnvelope } from '../inference/error-envelope.js'
import { estimateTokens, noUsage, type Usage } from '../inference/usage.js'
import type { Operation, ProviderType } from '../providers/provider-type.js'
import { providerTypeOf } from '../providers/provider-types.js'
import { findPrice } from '../snapshot/catalog-state.js'
import { EventTap } from './event-tap.js'

/** What an endpoint is, that passes to its provider in the form in which it came. */
interface OperationDeclaration {
  name: EndpointName & Operation
  scope: EndpointScope
  /** Checks what the gateway itself must know of a request. Throws invalid_request. */
  check: (document: RequestDocument) => void
  /** What a whole answer says was used; undefined: nothing. */
  readUsage(reply: Document, attempted: AttemptedCall): Usage | undefined
  /** What an attempt is worth if nobody says, by the units that the model is sold by. Left out: nothing. */
  expected?: (attempted: AttemptedCall) => Partial<UsageCounts>
  /** Whether its answer may be a stream of events, and which of them is the last. */
  lastEvent?: RegExp
  isBinary?: true
  /** Reads a body. Left out: it is JSON. */
  read?: (body: Buffer, headers: IncomingHttpHeaders) => RequestDocument
  /** Left out: what it says goes to the provider as it is. */
  exchange?(attempted: AttemptedCall, type: ProviderType): Exchange
}

/** An endpoint of OpenAI's API, or of those that look like it, that has no dialects: it goes to who offers it, or nowhere. */
export function operation(declaration: OperationDeclaration): Endpoint {
  const { name, scope, check, isBinary = false, read = readJson } = declaration
  return {
    ...{ name, scope, isBinary, envelope: openaiEnvelope, output: noOutput },
    read(body, headers) {
      const document = read(body, headers)
      check(document)
      return document
    },
    exchange(attempted) {
      const { model, provider } = attempted
      const type = providerTypeOf(provider, model.name)
      if (declaration.exchange) return declaration.exchange(attempted, type)
      return new OperationExchange(declaration, attempted, type)
    },
  }
}

/** Carries a JSON request, and reads its answer in passing. */
export class OperationExchange implements Exchange {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | Buffer
  readonly ignoredFields: readonly string[] = []
  readonly expected: Usage

  /** Throws unsupported_model, by the endpoint's name, when the provider's type does not offer it. */
  constructor(
    protected readonly declaration: Pick<
      OperationDeclaration,
      'name' | 'readUsage' | 'lastEvent' | 'expected'
    >,
    protected readonly attempted: AttemptedCall,
    type: ProviderType,
    body?: { bytes: Buffer; contentType: string },
  ) {
    const { call, document, model, provider, attemptId } = attempted
    const { name } = declaration
    if (!type.operations.has(name)) throw unsupported(model.name, name)
    this.expected = { ...noUsage, source: 'estimated', ...declaration.expected?.(attempted) }
    this.path = type.pathOf(name, provider, model.providerModel, document.stream === true)
    this.body = body?.bytes ?? JSON.stringify({ ...document, model: model.providerModel })
    this.headers = { ...jsonHeaders(attemptId), ...(body && { 'content-type': body.contentType }) }
    type.authorise(this, provider, call.headers)
  }

  openStream(contentType: string): StreamTap | undefined {
    const { lastEvent, readUsage } = this.declaration
    if (!lastEvent || !/^text\/event-stream/i.test(contentType)) return undefined
    return new EventTap(lastEvent, (event) => readUsage(event, this.attempted), this.expected)
  }

  readWhole(body: Buffer, contentType: string): WholeReply {
    const reply = toAnswer(parseObject(body.toString()))
    const usage = this.declaration.readUsage(reply, this.attempted) ?? this.expected
    return { body, contentType, usage, estimateOutputTokens: () => 0 }
  }

  readRefusal(status: number, body: Buffer): Refused {
    const text = body.toString()
    return { error: readError(status, parseObject(text) ?? text), isOwnDialect: true }
  }
}

/** Whether a model's price has a rate for a unit: by which of the things that can be counted it is sold. */
export function isSoldBy({ model, attemptId }: AttemptedCall, unit: UsageUnit): boolean {
  return findPrice(model, startOf(attemptId))?.rates.some((rate) => rate.unit === unit) === true
}

/** A UUID of version 7 begins with the time: the price is that by which the attempt will be rated. */
const startOf = (attemptId: string): number =>
  Number.parseInt(attemptId.slice(0, 8) + attemptId.slice(9, 13), 16)

/** Tokens of texts, roughly. */
export const tokensOf = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + estimateTokens(Buffer.byteLength(text)), 0)

/** The refusal of a field. */
export const invalid = (param: string, reason: string): AppError =>
  AppError.of('invalid_request', { reason: `${param}: ${reason}` }, { param })
