import type { Strategy } from '../snapshot/known-deployment.js'
import { rendezvous } from './sticky.js'
import type { TargetState } from './target-state.js'

/** A target that may be chosen. */
export interface Candidate {
  /** Model id. */
  readonly id: string
  readonly weight: number
  readonly state: TargetState
  /** Nano-dollars that the request may cost there, roughly. */
  costNanoUsd(): number
}

/** What a tier remembers from request to request: how far each target is behind its share. */
export class TierState {
  private readonly lag = new Map<string, number>()

  /** Smooth weighted round robin: no target is chosen many times in a row. */
  next(candidates: readonly Candidate[]): Candidate | undefined {
    let total = 0
    let best: Candidate | undefined
    let bestLag = 0
    for (const candidate of candidates) {
      const lag = (this.lag.get(candidate.id) ?? 0) + candidate.weight
      this.lag.set(candidate.id, lag)
      total += candidate.weight
      if (candidate.weight > 0 && (!best || lag > bestLag)) {
        best = candidate
        bestLag = lag
      }
    }
    if (best) this.lag.set(best.id, bestLag - total)
    return best
  }
}

/** How often another than the fastest is asked, so that one that has become faster is found. */
const explorationRate = 0.05

/** What an order is made from. */
export interface Choice {
  strategy: Strategy
  tier: TierState
  /** Whoever stays with one target; undefined: nobody. */
  stickyKey: string | undefined
  /** From 0 up to 1. */
  random: () => number
}

/** The candidates of a tier in the order in which they are tried; one without weight comes last. */
export function order(candidates: readonly Candidate[], choice: Choice): Candidate[] {
  if (candidates.length < 2) return [...candidates]
  if (choice.stickyKey !== undefined) {
    return rendezvous(
      choice.stickyKey,
      candidates,
      ({ id }) => id,
      ({ weight }) => weight,
    )
  }
  switch (choice.strategy) {
    case 'least_latency':
      return choice.random() < explorationRate
        ? byWeight(candidates, choice.random)
        : byLeast(candidates, choice.random, ({ state }) => state.latencyMs)
    case 'least_in_flight':
      return byLeast(candidates, choice.random, ({ state, weight }) => (state.inFlight + 1) / weight)
    case 'least_cost':
      return byLeast(candidates, choice.random, (candidate) => candidate.costNanoUsd())
    case 'weighted_round_robin': {
      const first = choice.tier.next(candidates)
      const rest = byWeight(
        candidates.filter((candidate) => candidate !== first),
        choice.random,
      )
      return first ? [first, ...rest] : rest
    }
  }
}

/** Heavier ones come first more often. */
function byWeight(candidates: readonly Candidate[], random: () => number): Candidate[] {
  return sortedBy(candidates, ({ weight }) => Math.log(1 - random()) / -Math.max(weight, Number.MIN_VALUE))
}

/** Equal ones in an order by weight. */
function byLeast(
  candidates: readonly Candidate[],
  random: () => number,
  measure: (candidate: Candidate) => number,
): Candidate[] {
  return sortedBy(byWeight(candidates, random), (candidate) =>
    candidate.weight === 0 ? Infinity : measure(candidate),
  )
}

function sortedBy(candidates: readonly Candidate[], measure: (candidate: Candidate) => number): Candidate[] {
  return candidates
    .map((candidate) => ({ candidate, value: measure(candidate) }))
    .sort((left, right) => (left.value === right.value ? 0 : left.value < right.value ? -1 : 1))
    .map(({ candidate }) => candidate)
}
