import { parseUsd } from '@weir/rating'
import { waitFor } from '@weir/testing'
import type { Management } from '../stack/management.js'
import type { Evidence } from './evidence.js'
import type { Finding } from './judge.js'
import { budgetedTeam } from './organization.js'

/** Runs of gateways that were killed are closed a little later than the last of their events is charged. */
const closingMs = 15_000

interface Standing {
  spent: string
  held: string
  estimated: string
}

/** What the hard budget of a team says after everything is at rest: nothing is held, and spent is what the ledger has. */
export async function judgeMoney(management: Management, { ledger }: Evidence): Promise<Finding[]> {
  const read = () => management.get<Standing>(`/v1/teams/${budgetedTeam}/budget`)
  const isClosed = async () => {
    const { held, estimated } = await read()
    return held === '0' && estimated === '0'
  }
  await waitFor(isClosed, { timeoutMs: closingMs, intervalMs: 250 }).catch(() => undefined)
  const { spent, held, estimated } = await read()
  const charged = ledger
    .filter(({ team }) => team === budgetedTeam)
    .reduce((sum, { costNanoUsd }) => sum + (costNanoUsd ?? 0n), 0n)
  const findings: Finding[] = []
  if (held !== '0' || estimated !== '0') {
    const what = 'dollars of a budget that are held for no request'
    findings.push({ what, count: Number(held) + Number(estimated), first: [`${held} and ${estimated}`] })
  }
  if (parseUsd(spent) !== charged) {
    const what = 'budgets that were not charged what the ledger has'
    findings.push({ what, count: 1, first: [`${spent}, and ${charged} nano-dollars in the ledger`] })
  }
  return findings
}
