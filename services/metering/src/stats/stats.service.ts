import { Injectable } from '@nestjs/common'
import { BoundedReads } from '@weir/database'
import {
  type Caller,
  Conditions,
  formatStart,
  periodOf,
  type SqlRow,
  usageFigures,
  wholeHours,
} from '@weir/http'
import { formatUsd } from '@weir/rating'
import { type ResourceKind, ResourceDirectory } from './resource-directory.js'
import type { ProviderStatsResponse, RepositoryStatsResponse, StatsQuery } from './stats.dto.js'

const failures = `'failed', 'timed_out', 'cut'`

/** Where the figures of a kind are: sums by the hour know providers, the ledger knows all. */
const sources: Record<ResourceKind, { from: string; time: string; requests: string; attempts: string }> = {
  provider: { from: 'usage_hourly', time: 'start', requests: 'sum(requests)', attempts: 'sum(attempts)' },
  repository: {
    ...{ from: 'ledger', time: 'started_at', attempts: 'count(*)' },
    requests: 'count(*) FILTER (WHERE attempt = 1)',
  },
}

/** Tells what providers and repositories were used for. */
@Injectable()
export class StatsService {
  constructor(
    private readonly reads: BoundedReads,
    private readonly resources: ResourceDirectory,
  ) {}

  async ofProvider(caller: Caller, idOrName: string, query: StatsQuery): Promise<ProviderStatsResponse> {
    return { object: 'provider.stats', ...(await this.read(caller, 'provider', idOrName, query)) }
  }

  async ofRepository(caller: Caller, idOrName: string, query: StatsQuery): Promise<RepositoryStatsResponse> {
    return { object: 'repository.stats', ...(await this.read(caller, 'repository', idOrName, query)) }
  }

  private async read(
    caller: Caller,
    kind: ResourceKind,
    idOrName: string,
    query: StatsQuery,
  ): Promise<Omit<ProviderStatsResponse, 'object'>> {
    const period = wholeHours(periodOf(query, new Date()))
    const { id, name } = await this.resources.get(caller, kind, idOrName)
    const { from, time, requests, attempts } = sources[kind]
    const isUnpriced =
      from === 'ledger' ? `count(*) FILTER (WHERE cost_nano_usd IS NULL)` : 'sum(unpriced_attempts)'
    const figures = usageFigures.map((figure) => {
      const expressions: Record<string, string> = { requests, attempts, unpriced_attempts: isUnpriced }
      return `coalesce(${expressions[figure] ?? `sum(${figure})`}, 0)::text AS ${figure}`
    })
    const where = (column: string) => {
      const conditions = new Conditions()
      conditions.add(`organization = ${conditions.value(caller.organization)}`)
      conditions.add(`${kind} = ${conditions.value(name)}`)
      conditions.add(`${column} >= ${conditions.value(period.start)}`)
      conditions.add(`${column} < ${conditions.value(period.end)}`)
      if (caller.visible) conditions.add(`workspace = ANY(${conditions.value(caller.visible)}::text[])`)
      return conditions
    }
    const [used, failed] = [where(time), where('started_at')]
    const sum = `coalesce(sum(cost_nano_usd), 0)::text AS cost_nano_usd`
    return this.reads.run(async (manager) => {
      const [row = {}] = await manager.query<SqlRow[]>(
        `SELECT ${figures.join(', ')}, ${sum} FROM ${from} WHERE ${String(used)}`,
        used.values,
      )
      const [errors] = await manager.query<{ count: string }[]>(
        `SELECT count(*) FROM ledger WHERE ${String(failed)} AND outcome <> 'succeeded' AND outcome IN (${failures})`,
        failed.values,
      )
      const counts = Object.fromEntries(usageFigures.map((figure) => [figure, Number(row[figure])]))
      return {
        ...(counts as unknown as Omit<ProviderStatsResponse, 'object'>),
        ...{ id, name, start: formatStart(period.start), end: formatStart(period.end) },
        ...{ errors: Number(errors?.count ?? 0), policy_violations: 0 },
        cost_usd: formatUsd(BigInt(String(row['cost_nano_usd'] ?? 0))),
      }
    })
  }
}
