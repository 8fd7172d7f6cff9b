/** Who is measured. `direct` is the mock upstream itself, the zero of all latencies. */
export const targetNames = ['direct', 'bare', 'dispatch', 'weir'] as const
export type TargetName = (typeof targetNames)[number]

/** Something that answers POST /v1/chat/completions. */
export interface Target {
  name: TargetName
  /** For people. */
  title: string
  url: string
  /** Where the same is asked in Anthropic's dialect; undefined where nobody translates. */
  messagesUrl?: string
  headers: Record<string, string>
  model: string
  /** The process that is measured; undefined for direct. */
  pid: number | undefined
  /**
   * Waits until the work that the load caused is done, also that which the client did not wait for, and checks it.
   * @param load all that was sent to this target since its start
   * @throws when it does not arrive or is not right: what was measured is then not valid
   */
  settle(load: Sent): Promise<Settlement>
  stop(): Promise<void>
}

/** What a target has been sent and has answered well. */
export interface Sent {
  requests: number
  streams: number
}

export interface Settlement {
  /** From the end of the load until everything was accounted for. */
  drainSeconds: number
}
