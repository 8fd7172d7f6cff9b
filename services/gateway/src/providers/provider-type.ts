import type { DialectName } from '../conversation/conversation.js'
import type { EndpointName } from '../inference/endpoint.js'
import type { KnownProvider } from '../snapshot/catalog-state.js'

/** What a provider is asked for: a conversation in one of its dialects, or another endpoint in the form of its own. */
export type Operation = DialectName | Exclude<EndpointName, 'chat' | 'completions' | 'responses' | 'messages'>

/** A call before it is authorised. */
export interface UnauthorisedCall {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | Buffer
}

/** How providers of one type are called. One file a type. */
export interface ProviderType {
  /** The dialects that it speaks; another one is translated into the first that can be. */
  readonly dialects: readonly DialectName[]
  /** What else it offers in the form in which callers ask for it. */
  readonly operations: ReadonlySet<Operation>
  /** Path and query below the base URL. */
  pathOf(operation: Operation, provider: KnownProvider, model: string, streams: boolean): string
  /** What can be got to see that the provider is there, and takes the credential; left out: it is in this process. */
  checkPath?(provider: KnownProvider): string
  /** False: what is got says nothing of the credential, which is not sent. */
  readonly checksCredential?: false
  /** Sets what authorises a call. `sent` are the caller's headers, of which some may go on. */
  authorise(
    call: UnauthorisedCall,
    provider: KnownProvider,
    sent: Readonly<Record<string, string | string[] | undefined>>,
  ): void
}
