import { Injectable } from '@nestjs/common'
import { asService } from '@weir/audit'
import type { policyV1 } from '@weir/contracts'
import { DataSource, type EntityManager } from 'typeorm'
import { lockBudgets } from './budget-state.store.js'

/**
 * Closes what gateways that died have left. Each of a run's attempts is in its journal before its call
 * and has its event in the end, so a run of which as many are charged as its journal has is over for
 * good: what it had free of its leases comes back, to the nano-dollar.
 */
@Injectable()
export class RunEndService {
  constructor(private readonly dataSource: DataSource) {}

  end({ runs }: policyV1.EndRunsRequest): Promise<policyV1.EndRunsResponse> {
    return asService('end-runs', async () => {
      const closed: string[] = []
      for (const run of runs) {
        const isClosed = await this.dataSource.transaction((manager) => close(manager, run))
        if (isClosed) closed.push(run.gateway)
      }
      return { closed }
    })
  }
}

async function close(manager: EntityManager, { gateway, attempts }: policyV1.EndedRun): Promise<boolean> {
  // From here on it is granted nothing, even if an old call of it arrives only now.
  await manager.query(
    `INSERT INTO gateway_run (id, renewed_at, ended_at) VALUES ($1, now(), now())
     ON CONFLICT (id) DO UPDATE SET ended_at = coalesce(gateway_run.ended_at, now())`,
    [gateway],
  )
  const [charged] = await manager.query<{ attempts: string }[]>(
    `SELECT attempts FROM run_charge WHERE gateway_run = $1`,
    [gateway],
  )
  if (BigInt(charged?.attempts ?? 0) < BigInt(attempts)) return false
  const leases = await manager.query<{ budget: string }[]>(
    `SELECT DISTINCT budget FROM lease WHERE gateway_run = $1`,
    [gateway],
  )
  // Who grants or charges looks at leases with their budget locked.
  await lockBudgets(
    manager,
    leases.map(({ budget }) => budget),
  )
  await manager.query(`DELETE FROM lease WHERE gateway_run = $1`, [gateway])
  return true
}
