import { Injectable } from '@nestjs/common'
import { BoundedReads } from '@weir/database'
import { invalidFields } from '@weir/errors'
import { type Caller, periodOf, type SqlRow, type UsageReportPage, usageReport, wholeHours } from '@weir/http'
import { formatUsd } from '@weir/rating'
import type { CostReportQuery } from './cost.dto.js'
import { rollupSource } from './rollup-source.js'

/** Reports what was spent, from the rollups. */
@Injectable()
export class CostService {
  constructor(private readonly reads: BoundedReads) {}

  async list(caller: Caller, query: CostReportQuery): Promise<UsageReportPage> {
    const { interval, group_by: groupBy = [], include_descendants: includeDescendants = false } = query
    if (includeDescendants && !groupBy.includes('team')) {
      const message =
        'needs team in `group_by`: without it, what is below a team would count once for each team above'
      throw invalidFields([{ field: 'include_descendants', message }])
    }
    const now = new Date()
    const source = rollupSource({ period: wholeHours(periodOf(query, now)), interval, includeDescendants })
    const report = usageReport({ caller, query, source, now })
    const rows = await this.reads.run((manager) => manager.query<SqlRow[]>(report.text, report.values))
    return report.toPage(rows, formatUsd)
  }
}
