import { mask } from '@weir/detectors'
import { isActing, type Policy, policyActions, policyRisks } from '../policy/policy.entity.js'
import type { RecordedFinding } from '../violation/violation.entity.js'
import { type Found, keyOf } from './scan.js'

/** A text that was judged. */
export interface JudgedText {
  place: string
  text: string
}

/** What one policy found. */
export interface Verdict {
  policy: Policy
  /** Names of the detectors. */
  detectors: string[]
  count: number
  /** The first of them. */
  findings: RecordedFinding[]
}

/** What becomes of a content. */
export interface Judgement {
  verdict: 'allow' | 'mask' | 'block'
  /** The policy that decided; undefined: none did. */
  decisive: Verdict | undefined
  masked: { index: number; text: string }[]
  /** Of every policy that is violated, those in shadow too. */
  verdicts: Verdict[]
}

const maxRecordedFindings = 50

/**
 * All policies that apply count, and the strictest action wins: a policy of a workspace adds to those of
 * the organization, and takes nothing from them.
 */
export function judge(
  policies: readonly Policy[],
  texts: readonly JudgedText[],
  found: readonly Found[][],
): Judgement {
  const verdicts = policies.flatMap((policy) => findVerdict(policy, texts, found) ?? [])
  const [decisive] = verdicts.filter(({ policy }) => isActing(policy)).sort(byStrictness)
  if (!decisive) return { verdict: 'allow', decisive, masked: [], verdicts }
  if (decisive.policy.action === 'block') return { verdict: 'block', decisive, masked: [], verdicts }
  const masking = verdicts.map(({ policy }) => policy).filter((policy) => isActing(policy))
  return { verdict: 'mask', decisive, masked: maskAll(masking, texts, found), verdicts }
}

/** The strictest action first, then the highest risk; of equals, the policy that is older. */
function byStrictness({ policy: left }: Verdict, { policy: right }: Verdict): number {
  return (
    policyActions.indexOf(right.action) - policyActions.indexOf(left.action) ||
    policyRisks.indexOf(right.risk) - policyRisks.indexOf(left.risk) ||
    (left.id < right.id ? -1 : 1)
  )
}

function findVerdict(
  policy: Policy,
  texts: readonly JudgedText[],
  found: readonly Found[][],
): Verdict | undefined {
  const keys = new Set(policy.plan.detectors.map(keyOf))
  const detectors = new Set<string>()
  const findings: RecordedFinding[] = []
  let count = 0
  for (const [index, { place }] of texts.entries()) {
    for (const { by, detector, kind, start, end, confidence } of found[index] ?? []) {
      if (!keys.has(by)) continue
      count++
      detectors.add(detector)
      if (findings.length === maxRecordedFindings) continue
      findings.push({ detector, ...(kind !== '' && { kind }), place, start, end, confidence })
    }
  }
  return count === 0 ? undefined : { policy, detectors: [...detectors].sort(), count, findings }
}

function maskAll(
  policies: readonly Policy[],
  texts: readonly JudgedText[],
  found: readonly Found[][],
): { index: number; text: string }[] {
  const keys = new Set(policies.flatMap(({ plan }) => plan.detectors.map(keyOf)))
  return texts.flatMap(({ text }, index) => {
    const findings = (found[index] ?? []).filter(({ by }) => keys.has(by))
    return findings.length === 0 ? [] : [{ index, text: mask(text, findings) }]
  })
}

/** What the caller of a blocked request is told: never what it said. */
export function toMessage({ policy, detectors, findings }: Verdict): string {
  if (policy.message !== null) return policy.message
  const places = [...new Set(findings.map(({ place }) => place))].slice(0, 5)
  return `it has ${detectors.join(', ')} in ${places.join(', ')}. Remove it and send the request again.`
}
