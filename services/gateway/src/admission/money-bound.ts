import { AppError } from '@weir/errors'
import { dearestRate, inputUnits, outputUnits, type Price, type UsageUnit } from '@weir/rating'
import type { EndpointName, OutputTerms, RequestDocument } from '../inference/endpoint.js'
import { readCount, type Shape, shapes } from './money-shape.js'

/** What an attempt costs at most. */
export interface Bound {
  /** Nano-dollars. */
  amountNanoUsd: bigint
  /** Nano-dollars, when its output is limited as far as that makes sense. */
  leastNanoUsd: bigint
  /** The document with an output limit, without which nothing would be bounded. */
  document: RequestDocument
  /** The document with what fits into an amount, from the least to the whole. */
  limitedTo(amountNanoUsd: bigint): RequestDocument
}

/** A request, of whatever kind. */
export interface BoundRequest {
  kind: EndpointName
  document: RequestDocument
  /** Length of its body. */
  bytes: number
  /** Where it says how much output it asks for. */
  output: OutputTerms
}

/** What the output is limited by. */
export interface OutputLimits {
  /** The model's own limit, tokens; 0: not known. */
  modelTokens: number
  /** Where neither the request nor the model says anything. */
  defaultTokens: number
  /** Type of the provider: decides by which field a limit is sent that the request does not have. */
  providerType: string
}

/** Below that many tokens an answer is of no use to anybody. */
const leastOutputTokens = 16

/**
 * An upper bound of what an attempt costs: every byte a token, the whole output that it may ask for
 * in each of its choices, and the dearest rate that may apply to either, at any level of service.
 * @throws AppError invalid_request for a limit that is no number, unsupported_model for a price that leaves
 *   out what will be used
 */
export function boundOf(
  { kind, document, bytes, output }: BoundRequest,
  price: Price,
  limits: OutputLimits,
): Bound {
  const shape = shapes[kind]
  const rates = new DearestRates(shape, price, { document, bytes })
  const choices = output.fields.length === 0 ? undefined : shape.choices?.(document)
  if (choices === undefined) {
    const amountNanoUsd = toNanoUsd(rates.fixed)
    return { amountNanoUsd, leastNanoUsd: amountNanoUsd, document, limitedTo: () => document }
  }
  const { fields } = output
  const asked = fields.map((field) => readCount(document, field)).filter((count) => count !== undefined)
  const unsaid = limits.modelTokens || limits.defaultTokens
  const tokens = BigInt(asked.length > 0 ? Math.max(...asked) : unsaid)
  const perToken = BigInt(choices) * rates.required('output', outputUnits)
  const costOf = (outputTokens: bigint): bigint => toNanoUsd(rates.fixed + outputTokens * perToken)
  const least = BigInt(leastOutputTokens)
  const field = output.fieldFor(limits.providerType)
  return {
    amountNanoUsd: costOf(tokens),
    leastNanoUsd: costOf(tokens < least ? tokens : least),
    document: asked.length > 0 ? document : { ...document, [field]: unsaid },
    limitedTo(amountNanoUsd) {
      const fits = perToken === 0n ? tokens : (amountNanoUsd * 1_000_000n - rates.fixed) / perToken
      return fits >= tokens ? this.document : limitOutput(this.document, Number(fits), fields)
    },
  }
}

/** Rounded up, where the ledger rounds to the nearest. */
const toNanoUsd = (nanoMillionths: bigint): bigint => (nanoMillionths + 999_999n) / 1_000_000n

/** Every limit that was sent is lowered: which of them counts is the provider's affair. */
function limitOutput(document: RequestDocument, tokens: number, fields: readonly string[]): RequestDocument {
  const limited: RequestDocument = { ...document }
  for (const field of fields) {
    const sent = document[field]
    if (typeof sent === 'number') limited[field] = Math.min(sent, tokens)
  }
  return limited
}

/** The dearest of the rates that may apply to a request. */
class DearestRates {
  /** Of all that no output limit changes: millionths of nano-dollars. */
  readonly fixed: bigint
  private readonly inputTokens: bigint

  constructor(
    shape: Shape,
    private readonly price: Price,
    private readonly request: { document: RequestDocument; bytes: number },
  ) {
    const { document, bytes } = request
    this.inputTokens = BigInt(shape.inputTokens(document, bytes))
    if (shape.rated.length > 0 && !shape.rated.some((unit) => this.isRated(unit))) {
      throw this.unrated(shape.rated[0] ?? '')
    }
    let fixed = this.inputTokens * this.dearest(inputUnits)
    if (shape.unlimitedOutput) {
      fixed += BigInt(shape.unlimitedOutput(document, bytes)) * this.dearest(outputUnits)
    }
    for (const [unit, count] of Object.entries(shape.others?.(document, bytes) ?? {})) {
      if (count > 0) fixed += BigInt(count) * this.dearest([unit as UsageUnit])
    }
    this.fixed = fixed
  }

  /** Nano-dollars per million. Throws unsupported_model when the price does not say what the unit costs from the first on. */
  required(unit: UsageUnit, units: readonly UsageUnit[]): bigint {
    if (!this.isRated(unit)) throw this.unrated(unit)
    return this.dearest(units)
  }

  private dearest(units: readonly UsageUnit[]): bigint {
    return dearestRate(this.price, units, this.inputTokens) ?? 0n
  }

  private isRated(unit: UsageUnit): boolean {
    return this.price.rates.some((rate) => rate.unit === unit && rate.aboveInputTokens === 0n)
  }

  private unrated(unit: string): AppError {
    const reason = `its price has no rate for ${unit}, and a budget allows nothing whose cost is not known`
    return AppError.of(
      'unsupported_model',
      { model: this.request.document.model, reason },
      { param: 'model' },
    )
  }
}
