import { Injectable } from '@nestjs/common'
import { BoundedReads } from '@weir/database'
import { AppError } from '@weir/errors'
import {
  type Caller,
  decodeCursor,
  invalidCursor,
  parseMoment,
  periodOf,
  toPage,
  usageDimensionNames,
  usageDimensions,
} from '@weir/http'
import type { EntityManager, SelectQueryBuilder } from 'typeorm'
import { LedgerEntry } from '../ledger/ledger-entry.entity.js'
import { isKept } from '../retention/retention.repository.js'
import { type RequestLogPage, type RequestLogQuery, toResponse } from './request-log.dto.js'

const uuid = /^[0-9a-f-]{36}$/
const maxAttemptsOfRequest = 1_000

/** Shows the ledger's rows, newest first. */
@Injectable()
export class RequestLogService {
  constructor(private readonly reads: BoundedReads) {}

  async list(caller: Caller, query: RequestLogQuery): Promise<RequestLogPage> {
    const { start, end } = periodOf(query, new Date())
    const after = query.cursor === undefined ? undefined : readCursor(query.cursor)
    const entries = await this.reads.run((manager) => {
      const rows = attemptsOf(caller, manager).andWhere('entry.started_at >= :start', { start })
      for (const name of usageDimensionNames) only(rows, usageDimensions[name].column, query[name])
      only(rows, 'outcome', query.outcome)
      only(rows, 'request_id', query.request_id)
      if (after && after.startedAt < end) {
        // Instead of `end`, not besides it: of two upper bounds PostgreSQL begins at the first, and reads all between.
        rows.andWhere('entry.started_at <= :startedAt', after)
        rows.andWhere('(entry.started_at, entry.event_id) < (:startedAt, :eventId)', after)
      } else {
        rows.andWhere('entry.started_at < :end', { end })
      }
      return rows
        .addOrderBy('entry.event_id', 'DESC')
        .limit(query.limit + 1)
        .getMany()
    })
    return toPage(entries, {
      limit: query.limit,
      cursor: (entry) => [entry.started_at.toISOString(), entry.event_id],
      toResponse,
    })
  }

  /** All attempts of a request, the first first; of those, if ever there are so many, the newest thousand. */
  async get(caller: Caller, requestId: string): Promise<RequestLogPage> {
    const entries = await this.reads.run((manager) => {
      const rows = attemptsOf(caller, manager)
      only(rows, 'request_id', [requestId])
      return rows.addOrderBy('entry.attempt', 'DESC').limit(maxAttemptsOfRequest).getMany()
    })
    if (entries.length === 0) throw AppError.of('request_not_found', { request: requestId })
    return toPage(entries.reverse(), { limit: maxAttemptsOfRequest, cursor: () => [], toResponse })
  }
}

function attemptsOf(caller: Caller, manager: EntityManager): SelectQueryBuilder<LedgerEntry> {
  const { organization, visible } = caller
  const rows = manager
    .createQueryBuilder(LedgerEntry, 'entry')
    .where('entry.organization = :organization', { organization })
    .andWhere(isKept)
    .orderBy('entry.started_at', 'DESC')
  return visible ? rows.andWhere('entry.workspace = ANY(:visible)', { visible }) : rows
}

/**
 * One value is compared with `=`, so that PostgreSQL reads the index of that column in the order of
 * time; with several it reads the newest rows of each.
 */
function only(rows: SelectQueryBuilder<LedgerEntry>, column: string, allowed: string[] | undefined): void {
  if (!allowed) return
  const [first] = allowed
  if (allowed.length === 1) rows.andWhere(`entry.${column} = :${column}`, { [column]: first })
  else rows.andWhere(`entry.${column} IN (:...${column})`, { [column]: allowed })
}

/** Checked, since the database fails on a time or an id that is none. */
function readCursor(cursor: string): { startedAt: Date; eventId: string } {
  const [time = '', eventId = ''] = decodeCursor(cursor, 2)
  const startedAt = parseMoment(time)
  if (startedAt && uuid.test(eventId)) return { startedAt, eventId }
  throw invalidCursor()
}
