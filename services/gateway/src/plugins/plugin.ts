import type { Document } from '../conversation/dialect.js'
import type { EndpointName, RequestDocument } from '../inference/endpoint.js'

/** A request on its way to the provider, in the dialect of the endpoint that was called. */
export interface PluginRequest {
  readonly endpoint: EndpointName
  /** Name of the deployment. */
  readonly deployment: string
  readonly requestId: string
  /** A copy: a plugin may change it as it likes, or put another one in its place. */
  document: RequestDocument
  /** Sent to the provider, names in lower case; what the gateway sets itself cannot be replaced. */
  readonly headers: Record<string, string>
}

/** What a text of an answer is: said to the caller, the arguments of a tool, or what the model thought. */
export type TextKind = 'text' | 'arguments' | 'reasoning'

/** One text of an answer. */
export interface TextSlot {
  readonly kind: TextKind
  /** Which of several answers (`n`) it belongs to. */
  readonly choice: number
}

/** Changes one text piece by piece: the pieces of a stream, or all of it at once. */
export interface TextTransform {
  /** What goes on of all that came so far; what it cannot tell yet is held back. */
  push(piece: string): string
  /** The text is over: what was held back. */
  end(): string
}

/** A whole answer. */
export interface PluginReply {
  readonly endpoint: EndpointName
  readonly deployment: string
  readonly requestId: string
  /** As the caller will get it; undefined: it is a stream. */
  readonly document: Document | undefined
  /** Its texts, as the caller will get them. */
  readonly texts: readonly string[]
}

/**
 * One plugin with its settings. Every hook may be left out; what a hook throws refuses the request,
 * with an AppError's own words.
 */
export interface Plugin<State = unknown> {
  /** Before the policies see the request. What it returns is handed to the other hooks of the same request. */
  request?(request: PluginRequest): State | Promise<State>
  /** For each text of the answer, whole or streamed; undefined: it stays as it is. */
  text?(slot: TextSlot, state: State): TextTransform | undefined
  /** Each event of a streamed answer, and a whole answer, after its texts were changed; may be changed in place. */
  chunk?(document: Document, state: State): void
  /** Before the caller gets a whole answer. A stream is held back until its end where a plugin has this hook. */
  response?(reply: PluginReply, state: State): void | Promise<void>
}

/** What plugins have from the gateway. */
export interface PluginServices {
  /** Posts JSON to an address of the operator's network policy. Rejects with UpstreamFailure. */
  post(call: {
    url: string
    headers: Record<string, string>
    body: string
    timeoutMs: number
  }): Promise<{ status: number; body: string }>
  /** Reads a secret of the settings, which is kept sealed. */
  unseal(sealed: string): string
}

/** A kind of plugin. One file, and its row in the registry. */
export interface PluginKind<Settings> {
  /** As deployments name it. */
  readonly name: string
  /** Called once for a deployment's settings, not for each request. */
  create(settings: Settings, services: PluginServices): Plugin
}

/** A kind of plugin with settings of a type. */
export const definePlugin = <Settings>(kind: PluginKind<Settings>): PluginKind<Settings> => kind
