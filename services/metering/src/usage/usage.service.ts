import { Injectable } from '@nestjs/common'
import { BoundedReads } from '@weir/database'
import {
  type Caller,
  type SqlRow,
  type UsageReportPage,
  usageReport,
  type UsageReportQuery,
} from '@weir/http'
import { formatUsd } from '@weir/rating'

/** Reports what was used and what it cost, from the hourly sums. */
@Injectable()
export class UsageService {
  constructor(private readonly reads: BoundedReads) {}

  async list(caller: Caller, query: UsageReportQuery): Promise<UsageReportPage> {
    const report = usageReport({ caller, query, source: 'usage_hourly' })
    const rows = await this.reads.run((manager) => manager.query<SqlRow[]>(report.text, report.values))
    return report.toPage(rows, formatUsd)
  }
}
