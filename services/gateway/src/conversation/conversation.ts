/**
 * A conversation in no vendor's words: what the dialects translate from and into. A request that
 * leaves in the dialect that it came in is never read into this form; it passes as it is.
 */
export interface Conversation {
  /** Instructions that stand before all turns, in their order. */
  system: TextPart[]
  turns: Turn[]
  tools: Tool[]
  /** Undefined: the provider's default. */
  toolChoice?: ToolChoice
  /** Whether several tools may be called in one turn; undefined: the provider's default. */
  parallelToolCalls?: boolean
  /** Undefined: plain text. */
  outputFormat?: OutputFormat
  sampling: Sampling
  reasoning?: ReasoningRequest
  /** The application's own name of whoever it acts for; never decides who pays. */
  user?: string
  metadata?: Record<string, unknown>
  /** auto, default, flex, priority, … in OpenAI's words. */
  serviceTier?: string
  stream: boolean
  /** Whether the caller's stream tells usage where its dialect makes that a choice (Chat Completions). */
  tellsStreamUsage: boolean
  /**
   * Fields of the request that this form has no place for, by their names in the caller's dialect:
   * they are lost to any other dialect, and the caller is told so.
   */
  unread: string[]
}

/** Undefined is always: the provider's default. */
export interface Sampling {
  /** Output tokens, reasoning included, that the reply may have at most. */
  maxOutputTokens?: number
  temperature?: number
  topP?: number
  topK?: number
  stop?: string[]
  /** Number of choices; undefined: 1. */
  n?: number
  seed?: number
  frequencyPenalty?: number
  presencePenalty?: number
  logitBias?: Record<string, number>
  /** How many alternatives each token's log probability comes with; undefined: no log probabilities. */
  topLogprobs?: number
}

/** How much the model shall think before it answers. */
export interface ReasoningRequest {
  /** none, minimal, low, medium, high, xhigh, max. */
  effort?: string
  /** Tokens that it may take, for vendors that count instead of naming an effort. */
  budgetTokens?: number
  /** The model decides (Anthropic's `adaptive`, Gemini's -1). */
  adaptive?: boolean
  /** auto, concise, detailed: the caller wants to read what was thought. */
  summary?: string
}

/** What the model may call. */
export type Tool = FunctionTool | NativeTool

/** A tool that the application runs. */
export interface FunctionTool {
  type: 'function'
  name: string
  description?: string
  /** JSON schema of its arguments. */
  schema?: Record<string, unknown>
  strict?: boolean
  cache?: CacheMark
}

/** A tool that the vendor runs, in its own words. */
export interface NativeTool {
  type: 'native'
  dialect: DialectName
  /** The vendor's name of it, for the refusal. */
  name: string
  value: Record<string, unknown>
  /** What other vendors can be asked for in its place; undefined: none has its like. */
  hosted?: HostedTool
}

/** What vendors that run a tool of one kind can all be asked for. */
export interface HostedTool {
  kind: 'web_search' | 'web_fetch' | 'code_execution'
  /** Pages of these domains alone. */
  allowedDomains?: string[]
  blockedDomains?: string[]
  /** Where the user is: city, region, country, timezone. */
  location?: Record<string, string>
  maxUses?: number
}

/** auto, none, required (some tool), or one tool by its name. */
export type ToolChoice = 'auto' | 'none' | 'required' | { name: string }

/** The form that the answer must have. */
export type OutputFormat =
  | { type: 'json_object' }
  | {
      type: 'json_schema'
      name: string
      description?: string
      schema: Record<string, unknown>
      strict?: boolean
    }

/** One speaker's say. Consecutive turns of one role are allowed; dialects that cannot have them join them. */
export interface Turn {
  /** `system`: an instruction in the midst of the conversation (OpenAI's developer messages too). */
  role: 'user' | 'assistant' | 'system'
  parts: Part[]
  /** The speaker's name, where the dialect has one. */
  name?: string
}

/** A piece of a turn or of a reply. */
export type Part =
  | TextPart
  | RefusalPart
  | ImagePart
  | DocumentPart
  | AudioPart
  | ReasoningPart
  | ToolCallPart
  | ToolResultPart
  | NativePart

export interface TextPart {
  type: 'text'
  text: string
  citations?: Citation[]
  cache?: CacheMark
}

/** The model declined, in words. */
export interface RefusalPart {
  type: 'refusal'
  text: string
}

export interface ImagePart {
  type: 'image'
  source: Media
  /** OpenAI's auto, low, high. */
  detail?: string
  cache?: CacheMark
}

export interface DocumentPart {
  type: 'document'
  source: Media
  title?: string
  cache?: CacheMark
}

export interface AudioPart {
  type: 'audio'
  source: Media
}

/** Where the bytes of an image, a document or a sound are. */
export type Media =
  | { kind: 'base64'; mediaType: string; data: string }
  | { kind: 'url'; url: string; mediaType?: string }
  | { kind: 'text'; text: string }
  /** An upload at one vendor: no other dialect can carry it. */
  | { kind: 'file'; id: string; dialect: DialectName }

/** What the model thought, and its vendor's proof of it. */
export interface ReasoningPart {
  type: 'reasoning'
  /** Empty: the vendor hides it. */
  text: string
  /** `text` is a summary that the vendor made. */
  isSummary?: boolean
  /** Must go back unchanged to the vendor that made it; goes to no other. */
  signature?: Signature
}

/** The model calls a tool. */
export interface ToolCallPart {
  type: 'tool_call'
  id: string
  name: string
  /** JSON, as the model wrote it: a model can fail to write JSON. Empty: no arguments. */
  arguments: string
  signature?: Signature
  cache?: CacheMark
}

/** What a tool answered. In a turn of the user. */
export interface ToolResultPart {
  type: 'tool_result'
  callId: string
  /** The tool's name, for dialects that ask for it; undefined: found by `callId`. */
  name?: string
  parts: Part[]
  isError?: boolean
  cache?: CacheMark
}

/** Content that only its own vendor understands (results of its own tools). */
export interface NativePart {
  type: 'native'
  dialect: DialectName
  /** The vendor's name of it, for the refusal. */
  name: string
  value: Record<string, unknown>
  /** It is a picture that the model has made. */
  image?: Extract<Media, { kind: 'base64' }>
}

/** Where an answer has its words from. */
export interface Citation {
  url?: string
  title?: string
  citedText?: string
  /** Range in the text of the part that is cited, in characters. */
  start?: number
  end?: number
  /** The vendor's own form, for the way back into its dialect. */
  native?: { dialect: DialectName; value: unknown }
}

/** The prompt up to here shall be cached by the provider. */
export interface CacheMark {
  /** 5m or 1h; undefined: the provider's default. */
  ttl?: string
}

/** A vendor's opaque proof that a piece of reasoning is its own. */
export interface Signature {
  by: DialectName
  /** As the vendor wrote it. */
  value: string
  /** The vendor hides the reasoning, and `value` is all of it (redacted or encrypted). */
  isHidden?: boolean
  /** The vendor's id of the item, where it asks for it back. */
  id?: string
}

/** The APIs that Weir can speak, on either side. */
export type DialectName =
  | 'openai-chat'
  | 'openai-completions'
  | 'openai-responses'
  | 'anthropic-messages'
  | 'gemini'
  | 'bedrock-converse'
