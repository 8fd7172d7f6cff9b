import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { AppError } from '@weir/errors'
import { authorizeIn, type Caller, decodeCursor, invalidCursor, isVisible, periodOf } from '@weir/http'
import { Repository, type SelectQueryBuilder } from 'typeorm'
import { nameOf } from '../policy/caller-name.js'
import type { ListViolationsQuery, ReviewViolationDto } from './violation.dto.js'
import { Violation } from './violation.entity.js'
import type { CountViolationsQuery, ViolationCount } from './violation-count.dto.js'

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

const maxCounts = 1_000

/** Shows what violated policies. */
@Injectable()
export class ViolationService {
  constructor(@InjectRepository(Violation) private readonly violations: Repository<Violation>) {}

  /** The newest first. Row-level security leaves out workspaces that the caller does not see. */
  list(caller: Caller, query: ListViolationsQuery): Promise<Violation[]> {
    const rows = this.of(caller, query)
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

  /** Of each policy, provider, …, the most frequent first. */
  count(caller: Caller, query: CountViolationsQuery): Promise<ViolationCount[]> {
    const column = `violation.${filters[query.group_by]}`
    return this.of(caller, query)
      .select(column, 'value')
      .addSelect('count(*)', 'count')
      .addSelect(`count(*) FILTER (WHERE mode = 'enforce' AND action = 'block')`, 'blocked')
      .addSelect(`count(*) FILTER (WHERE review = 'upheld')`, 'upheld')
      .addSelect(`count(*) FILTER (WHERE review = 'false_positive')`, 'falsePositives')
      .addSelect('max(found_at)', 'lastAt')
      .groupBy(column)
      .orderBy('count(*)', 'DESC')
      .addOrderBy(column)
      .limit(maxCounts)
      .getRawMany<ViolationCount>()
  }

  /** Records what somebody who looked at it says. */
  async review(caller: Caller, id: string, { review, note }: ReviewViolationDto): Promise<Violation> {
    const violation = await this.get(caller, id)
    authorizeIn(caller, violation.workspace)
    if (review === undefined && note === undefined) return violation
    if (review !== undefined) violation.review = review
    if (note !== undefined) violation.reviewNote = note
    violation.reviewedBy = nameOf(caller)
    violation.reviewedAt = new Date()
    return this.violations.save(violation)
  }

  async get(caller: Caller, id: string): Promise<Violation> {
    const violation = await this.violations.findOneBy({ id, organization: caller.organization })
    if (!violation || !isVisible(caller, violation.workspace))
      throw AppError.of('violation_not_found', { violation: id })
    return violation
  }

  private of({ organization, visible }: Caller, query: ListViolationsQuery): SelectQueryBuilder<Violation> {
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
    const { review, detector } = query
    if (review) rows.andWhere(`coalesce(violation.review, '') = ANY(:review)`, { review })
    if (detector) rows.andWhere('violation.detectors && :detector', { detector })
    return rows
  }
}
