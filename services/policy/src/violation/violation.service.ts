import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { AppError } from '@weir/errors'
import { type Caller, decodeCursor, invalidCursor, isVisible, periodOf } from '@weir/http'
import { Repository } from 'typeorm'
import type { ListViolationsQuery } from './violation.dto.js'
import { Violation } from './violation.entity.js'

/** Query parameter → column. */
const filters = {
  policy: 'policy',
  mode: 'mode',
  action: 'action',
  risk: 'risk',
  direction: 'direction',
  request_id: 'request_id',
  workspace: 'workspace',
  workload: 'workload',
  team: 'team',
  key: 'virtual_key',
  model: 'model',
  provider: 'provider',
} as const satisfies Partial<Record<keyof ListViolationsQuery, string>>

/** Shows what violated policies. */
@Injectable()
export class ViolationService {
  constructor(@InjectRepository(Violation) private readonly violations: Repository<Violation>) {}

  /** The newest first. Row-level security leaves out workspaces that the caller does not see. */
  list({ organization, visible }: Caller, query: ListViolationsQuery): Promise<Violation[]> {
    const { start, end } = periodOf(query, new Date())
    const rows = this.violations
      .createQueryBuilder('violation')
      .where('violation.organization = :organization', { organization })
      .andWhere('violation.found_at >= :start AND violation.found_at < :end', { start, end })
    if (visible) rows.andWhere('violation.workspace = ANY(:visible)', { visible })
    for (const [name, column] of Object.entries(filters)) {
      const values = query[name as keyof typeof filters]
      if (values) rows.andWhere(`violation.${column} = ANY(:${name})`, { [name]: values })
    }
    if (query.detector) rows.andWhere('violation.detectors && :detector', { detector: query.detector })
    if (query.cursor !== undefined) {
      const [foundAt = '', id = ''] = decodeCursor(query.cursor, 2)
      if (Number.isNaN(Date.parse(foundAt))) throw invalidCursor()
      rows.andWhere('(violation.found_at, violation.id) < (:foundAt, :id)', {
        foundAt: new Date(foundAt),
        id,
      })
    }
    return rows
      .orderBy('violation.found_at', 'DESC')
      .addOrderBy('violation.id', 'DESC')
      .limit(query.limit + 1)
      .getMany()
  }

  async get(caller: Caller, id: string): Promise<Violation> {
    const violation = await this.violations.findOneBy({ id, organization: caller.organization })
    if (!violation || !isVisible(caller, violation.workspace))
      throw AppError.of('violation_not_found', { violation: id })
    return violation
  }
}
