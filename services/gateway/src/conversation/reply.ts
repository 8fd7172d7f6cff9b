import type { Usage } from '../inference/usage.js'
import type { Citation, Part, Signature } from './conversation.js'

/** A whole answer in no vendor's words. */
export interface Reply {
  /** The vendor's id of it. */
  id: string
  /** What the vendor says that answered. */
  model: string
  /** Seconds since 1970. */
  created: number
  /** One, unless more were asked for. */
  choices: Choice[]
  /** Undefined: the vendor did not tell, or what it told cannot be true. */
  usage: Usage | undefined
  serviceTier?: string
}

export interface Choice {
  parts: Part[]
  stop: Stop
  /** In OpenAI's shape: `{content, refusal}`. */
  logprobs?: unknown
}

/** Why an answer ended. */
export interface Stop {
  /**
   * end: the model had said all; length: its limit; context: the model's whole context was full;
   * tool_calls: tools are to be called; stop_sequence: one of the caller's; content_filter: the
   * vendor withheld the rest; refusal: the model declined; pause: send it back to go on.
   */
  reason:
    'end' | 'length' | 'context' | 'tool_calls' | 'stop_sequence' | 'content_filter' | 'refusal' | 'pause'
  /** The sequence that stopped it. */
  sequence?: string
}

/**
 * A piece of an answer that comes as a stream. `start` is first; a part's pieces stand between its
 * `part_start` and its `part_end`; parts of one choice never overlap except for tool calls, which
 * may; `stop` follows the last part of its choice; `usage` may come more than once and the last one
 * counts; `end` is last, and a stream without it (or `error`) was cut.
 */
export type ReplyEvent =
  | { type: 'start'; id: string; model: string; created: number; usage?: Usage; serviceTier?: string }
  | { type: 'part_start'; choice: number; part: number; start: PartStart }
  | { type: 'text'; choice: number; part: number; text: string; logprobs?: unknown }
  | { type: 'citation'; choice: number; part: number; citation: Citation }
  /** Of a tool call: the next piece of its JSON. */
  | { type: 'arguments'; choice: number; part: number; json: string }
  /** Of reasoning or a tool call; at most one a part. */
  | { type: 'signature'; choice: number; part: number; signature: Signature }
  | { type: 'part_end'; choice: number; part: number }
  | { type: 'stop'; choice: number; stop: Stop }
  | { type: 'usage'; usage: Usage; serviceTier?: string }
  | { type: 'end' }
  | { type: 'error'; error: VendorError }

/** What kind of part begins; `text` events carry text, refusals and reasoning alike. */
export type PartStart =
  | { type: 'text' }
  | { type: 'refusal' }
  | { type: 'reasoning'; isSummary?: boolean }
  | { type: 'tool_call'; id: string; name: string; signature?: Signature }
  /** Whole at once: a dialect that cannot carry it leaves it out. */
  | { type: 'native'; native: Extract<Part, { type: 'native' }> }

/** What a vendor says went wrong. */
export interface VendorError {
  /** HTTP status; of an error in a stream: what it would have been. */
  status: number
  /** The vendor's own word: overloaded_error, insufficient_quota, … Empty: none. */
  code: string
  message: string
  /** Decides what a router does next. */
  cause: 'context_window_exceeded' | 'content_filter' | 'other'
}
