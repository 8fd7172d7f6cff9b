import type { UsageCounts } from '@weir/rating'
import { Random } from './random.js'

/** What the upstream is to report of a reply, in OpenAI's words: prompt and completion contain the details. */
export interface ReplyOrder {
  prompt: number
  cached: number
  completion: number
  reasoning: number
  /** Chunks of a stream. */
  chunks: number
}

/** One request as it will be sent. */
export interface PlannedRequest {
  /** Sent as `x-request-id`; the ledger has it. */
  requestId: string
  /** Which of the virtual keys. */
  key: number
  /** Which of the models. */
  model: number
  streamed: boolean
  /** Asks for usage in its stream; otherwise Weir has to hide what it asked for itself. */
  showsUsage: boolean
  /** The client is gone after so many chunks; absent: it stays. */
  hangsUpAfter?: number
  /** Does not take a connection that is kept open, so that it can meet any gateway. */
  ownConnection: boolean
  reply: ReplyOrder
}

/** What can be chosen from. */
export interface PlanRange {
  seed: number
  requests: number
  keys: number
  /** Whether the provider of each model reports cached and reasoning tokens. */
  modelsWithDetails: boolean[]
}

const streamedShare = 1 / 3
const hangUpShare = 0.15
const shownUsageShare = 0.5
const ownConnectionShare = 0.3

/** Plans every request, the same ones for the same seed. */
export function planRequests({ seed, requests, keys, modelsWithDetails }: PlanRange): PlannedRequest[] {
  const random = new Random(seed)
  return Array.from({ length: requests }, (_, index) => {
    const model = random.between(0, modelsWithDetails.length - 1)
    const streamed = random.chance(streamedShare)
    const chunks = random.between(4, 24)
    const hangsUpAfter = streamed && random.chance(hangUpShare) ? random.between(1, chunks - 1) : undefined
    const prompt = random.between(1, 20_000)
    const completion = random.between(1, 4_000)
    const hasDetails = modelsWithDetails[model] === true
    return {
      requestId: `chaos-${seed}-${index}`,
      key: random.between(0, keys - 1),
      model,
      streamed,
      showsUsage: random.chance(shownUsageShare),
      ...(hangsUpAfter !== undefined && { hangsUpAfter }),
      ownConnection: random.chance(ownConnectionShare),
      reply: {
        prompt,
        cached: hasDetails ? random.between(0, prompt) : 0,
        completion,
        reasoning: hasDetails ? random.between(0, completion) : 0,
        chunks,
      },
    }
  })
}

/** What the ledger has to say of a reply that came whole: each token in one bucket. */
export function expectedUsage({ prompt, cached, completion, reasoning }: ReplyOrder): UsageCounts {
  return {
    inputTokens: prompt - cached,
    cachedInputTokens: cached,
    cacheWriteTokens: 0,
    outputTokens: completion - reasoning,
    reasoningTokens: reasoning,
  }
}
