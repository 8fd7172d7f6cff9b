import type { Document, StreamTap } from '../conversation/dialect.js'
import { asObject } from '../conversation/json.js'
import type { AttemptedCall, WholeReply } from '../inference/endpoint.js'
import { countsOf, noUsage, toCount, type Usage } from '../inference/usage.js'
import type { ProviderType } from '../providers/provider-type.js'
import { ByteTap } from './byte-tap.js'
import { invalid, isSoldBy, operation, OperationExchange, tokensOf } from './operation.js'

/** Of sound without compression as OpenAI sends it: 24,000 samples of 16 bits. */
const pcmBytesPerSecond = 48_000
/** Of speech at an ordinary pace. */
const charactersPerSecond = 15
/** Tokens of OpenAI's spoken output. */
const tokensPerSecond = 1_250 / 60

const declaration = {
  name: 'speech',
  expected: (attempted: AttemptedCall) => countsOf(countSpoken(attempted, undefined)),
  /** Only events tell, and only those who sell tokens. */
  readUsage(event: Document, attempted: AttemptedCall): Usage | undefined {
    const usage = asObject(event['usage'])
    const inputTokens = toCount(usage?.['input_tokens'])
    const audioOutputTokens = toCount(usage?.['output_tokens'])
    if (isSoldBy(attempted, 'character')) return countCharacters(attempted)
    if (inputTokens === undefined || audioOutputTokens === undefined) return undefined
    return { ...noUsage, source: 'reported', inputTokens, audioOutputTokens }
  },
  lastEvent: /^(\{"type": ?")?speech\.audio\.done/,
} as const

/** OpenAI's speech: sound as it is made, or events with pieces of it. */
export const speech = operation({
  ...declaration,
  scope: 'audio',
  check({ input, voice }) {
    if (typeof input !== 'string' || input === '') throw invalid('input', 'must be a text')
    if (voice === undefined || voice === null) throw invalid('voice', 'must be the name of a voice')
  },
  exchange: (attempted, type) => new SpeechExchange(attempted, type),
})

class SpeechExchange extends OperationExchange {
  streamType: string | undefined

  constructor(attempted: AttemptedCall, type: ProviderType) {
    super(declaration, attempted, type)
    this.headers['accept'] = '*/*'
  }

  override openStream(contentType: string): StreamTap {
    const events = super.openStream(contentType)
    if (events) return events
    this.streamType = contentType
    return new ByteTap((bytes) => countSpoken(this.attempted, bytes))
  }

  override readWhole(body: Buffer, contentType: string): WholeReply {
    const usage = countSpoken(this.attempted, body.length)
    return { body, contentType, usage, estimateOutputTokens: () => 0 }
  }
}

/**
 * What was spoken, where nobody says: its characters, or about as many tokens as they and the sound have.
 * @param bytes of sound that came; undefined: how many would, nobody knows
 */
function countSpoken(attempted: AttemptedCall, bytes: number | undefined): Usage {
  if (isSoldBy(attempted, 'character')) return countCharacters(attempted)
  const { document } = attempted
  const { input = '', instructions, response_format: format } = document as Record<string, string | undefined>
  const isPcm = bytes !== undefined && (format === 'pcm' || format === 'wav')
  const seconds = isPcm
    ? bytes / pcmBytesPerSecond
    : bytes === 0
      ? 0
      : charactersOf(input) / charactersPerSecond
  return {
    ...noUsage,
    source: 'estimated',
    inputTokens: tokensOf(instructions ? [input, instructions] : [input]),
    audioOutputTokens: Math.ceil(seconds * tokensPerSecond),
  }
}

/** Counted here as vendors count them: there is nothing that they could say otherwise. */
function countCharacters({ document }: AttemptedCall): Usage {
  return { ...noUsage, source: 'estimated', characters: charactersOf(String(document['input'])) }
}

/** Unicode code points. */
function charactersOf(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
