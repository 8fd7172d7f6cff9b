import { Injectable } from '@nestjs/common'
import { type Caller, type UsageReportPage, usageReport, type UsageReportQuery } from '@weir/http'
import { formatUsd } from '@weir/rating'
import { DataSource } from 'typeorm'

/** Reports what was used and what it cost, from the hourly sums. */
@Injectable()
export class UsageService {
  constructor(private readonly dataSource: DataSource) {}

  async list(caller: Caller, query: UsageReportQuery): Promise<UsageReportPage> {
    const report = usageReport({ caller, query, source: 'usage_hourly' })
    return report.toPage(await this.dataSource.query(report.text, report.values), formatUsd)
  }
}
