import type { Conversation, DialectName } from '../conversation/conversation.js'
import {
  type CallerDialect,
  type Document,
  type PassingDialect,
  type ProviderDialect,
  type StreamTap,
  unsupported,
} from '../conversation/dialect.js'
import { carriesTools, withToolsOf } from '../conversation/hosted-tools.js'
import { parseJson } from '../conversation/json.js'
import type { Reply, VendorError } from '../conversation/reply.js'
import { ToolNames } from '../conversation/tool-names.js'
import { TranslatedStream } from '../conversation/translated-stream.js'
import type { KnownModel } from '../snapshot/catalog-state.js'
import type { ProviderType } from '../providers/provider-type.js'
import { providerTypeOf } from '../providers/provider-types.js'
import { toAnswer } from './answered-error.js'
import { dialects } from './dialects.js'
import type { AttemptedCall, Exchange, Refused, RequestDocument, WholeReply } from './endpoint.js'
import { estimateTokens } from './usage.js'

const nothingIgnored: readonly string[] = []

/** An attempt of a conversation: as it is where the provider speaks the caller's dialect, else translated. */
export function conversationExchange(dialect: DialectName, attempted: AttemptedCall): Exchange {
  const { model, provider } = attempted
  const type = providerTypeOf(provider, model.name)
  const { passing, caller } = dialects[dialect]
  if (passing && type.dialects.includes(dialect)) {
    return new PassedExchange(dialect, passing, type, attempted)
  }
  const spoken = type.dialects.flatMap((name) => dialects[name].provider ?? [])
  const [usual] = spoken
  if (!caller || !usual) throw unsupported(model.name, dialect)
  const conversation = caller.readRequest(attempted.document)
  // What OpenAI searches and runs it does in Responses alone: they are asked where the usual way would refuse it.
  const able = spoken.find((one) => carriesTools(one, conversation, model.providerModel))
  return new TranslatedExchange({ caller, spoken: able ?? usual, conversation }, type, attempted)
}

/** What every exchange of a conversation has. */
abstract class ConversationExchange implements Exchange {
  abstract readonly path: string
  abstract readonly headers: Record<string, string>
  abstract readonly body: string
  abstract readonly ignoredFields: readonly string[]

  openStream(contentType: string): StreamTap | undefined {
    return isEventStream(contentType) ? this.openTap() : undefined
  }

  protected abstract openTap(): StreamTap
  abstract readWhole(body: Buffer, contentType: string): WholeReply
  abstract readRefusal(status: number, body: Buffer): Refused
}

/** Server-sent events, or Amazon's own framing of them. */
function isEventStream(contentType: string): boolean {
  return (
    contentType.startsWith('text/event-stream') ||
    /^(text\/event-stream|application\/vnd\.amazon\.eventstream)/i.test(contentType)
  )
}

class PassedExchange extends ConversationExchange {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
  readonly ignoredFields = nothingIgnored
  private readonly document: RequestDocument

  constructor(
    private readonly dialect: DialectName,
    private readonly passing: PassingDialect,
    type: ProviderType,
    { call, document, model, provider, attemptId }: AttemptedCall,
  ) {
    super()
    this.document = document
    this.path = type.pathOf(dialect, provider, model.providerModel, document.stream === true)
    this.body = passing.toUpstreamBody(document, {
      model: model.providerModel,
      providerType: provider.type,
    })
    this.headers = jsonHeaders(attemptId)
    type.authorise(this, provider, call.headers)
  }

  protected openTap(): StreamTap {
    return this.passing.tapStream(this.document)
  }

  readWhole(body: Buffer, contentType: string): WholeReply {
    const reply = toAnswer(JSON.parse(body.toString()))
    return {
      ...{ body, contentType, usage: this.passing.readReplyUsage(reply) },
      estimateOutputTokens: () => this.passing.estimateReplyTokens(reply),
    }
  }

  readRefusal(status: number, body: Buffer): Refused {
    const { provider } = dialects[this.dialect]
    return { error: readError(provider, status, body), isOwnDialect: true }
  }
}

class TranslatedExchange extends ConversationExchange {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
  readonly ignoredFields: readonly string[]
  private readonly model: KnownModel
  private readonly request: Document
  private readonly toolNames: ToolNames
  private readonly choices: number | undefined

  private readonly caller: CallerDialect
  private readonly spoken: ProviderDialect

  constructor(
    translation: { caller: CallerDialect; spoken: ProviderDialect; conversation: Conversation },
    type: ProviderType,
    { call, document, model, provider, attemptId }: AttemptedCall,
  ) {
    super()
    const { caller, spoken } = translation
    this.caller = caller
    this.spoken = spoken
    this.model = model
    this.request = document
    const { conversation, dropped } = withToolsOf(spoken, translation.conversation, model.providerModel)
    this.choices = conversation.sampling.n
    this.toolNames = new ToolNames(conversation, spoken.toolName)
    const written = spoken.writeRequest(this.toolNames.toProvider(), {
      model: model.providerModel,
      providerType: provider.type,
    })
    this.ignoredFields = [...conversation.unread, ...dropped, ...written.dropped]
    this.path = type.pathOf(spoken.name, provider, model.providerModel, document.stream === true)
    this.body = JSON.stringify(written.document)
    this.headers = jsonHeaders(attemptId)
    type.authorise(this, provider, call.headers)
  }

  protected openTap(): StreamTap {
    return new TranslatedStream(
      this.toolNames.streamToCaller(this.spoken.readStream(this.choices)),
      this.caller.writeStream({ model: this.model.name }, this.request),
    )
  }

  readWhole(body: Buffer): WholeReply {
    const document = toAnswer(parseJson(body.toString()))
    const reply = this.toolNames.replyToCaller(this.spoken.readReply(document))
    const shown = this.caller.writeReply(reply, { model: this.model.name }, this.request)
    return {
      ...{ body: JSON.stringify(shown), contentType: 'application/json', usage: reply.usage },
      estimateOutputTokens: () => estimateTokens(generatedBytes(reply)),
    }
  }

  readRefusal(status: number, body: Buffer): Refused {
    return { error: readError(this.spoken, status, body), isOwnDialect: false }
  }
}

/** What a provider's answer with an error status says. */
export function readError(dialect: ProviderDialect | undefined, status: number, body: Buffer): VendorError {
  const text = body.toString()
  let parsed: unknown = text
  try {
    parsed = JSON.parse(text)
  } catch {
    // Proxies in front of a provider answer with HTML.
  }
  try {
    if (dialect) return dialect.readError(status, parsed)
  } catch {
    // What cannot be read says nothing.
  }
  return { status, code: '', message: '', cause: 'other' }
}

/** UTF-8 bytes of all that was generated. */
function generatedBytes({ choices }: Reply): number {
  let bytes = 0
  for (const { parts } of choices) {
    for (const part of parts) {
      if ('text' in part) bytes += Buffer.byteLength(part.text)
      if (part.type === 'tool_call') bytes += Buffer.byteLength(part.arguments)
    }
  }
  return bytes
}

/** Of every call whose body is JSON. */
export function jsonHeaders(attemptId: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'accept-encoding': 'identity',
    'user-agent': 'weir',
    // OpenAI logs it: an attempt can be found on both sides.
    'x-client-request-id': attemptId,
  }
}
