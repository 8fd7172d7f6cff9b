import { Injectable } from '@nestjs/common'
import { inOrganization } from '@weir/audit'
import { newId } from '@weir/database'
import { AppError } from '@weir/errors'
import type { Caller } from '@weir/http'
import { hash, randomBytes } from 'node:crypto'
import { DataSource } from 'typeorm'
import { Session } from './session.entity.js'

/** How long a session lasts, seconds. */
export const sessionS = 12 * 3600
/** How long an OAuth client's access token lasts, seconds. */
export const accessTokenS = 900

/** A session and its value, which exists nowhere else. */
export interface NewSession {
  id: string
  value: string
  expiresAt: Date
}

/** Opens and ends sessions; what they are good for is read anew at each use. */
@Injectable()
export class SessionService {
  constructor(private readonly dataSource: DataSource) {}

  openForUser({ id, organization }: { id: string; organization: string }): Promise<NewSession> {
    return this.open('ses', { organization, userId: id, serviceAccount: null }, sessionS)
  }

  openForService({ id, organization }: { id: string; organization: string }): Promise<NewSession> {
    return this.open('oat', { organization, userId: null, serviceAccount: id }, accessTokenS)
  }

  /** Throws invalid_request for a caller that has no session. */
  async end({ principal, organization }: Caller): Promise<void> {
    const { affected } = await this.dataSource.manager.delete(Session, {
      id: principal?.credential ?? '',
      organization,
    })
    if (affected) return
    const reason = 'There is no session to end: the request was not made with one.'
    throw AppError.of('invalid_request', { reason })
  }

  private async open(
    prefix: 'ses' | 'oat',
    owner: Pick<Session, 'organization' | 'userId' | 'serviceAccount'>,
    lifetimeS: number,
  ): Promise<NewSession> {
    const value = `${prefix}_${randomBytes(32).toString('base64url')}`
    const id = newId('sid')
    const expiresAt = new Date(Date.now() + lifetimeS * 1000)
    await inOrganization(owner.organization, async () => {
      await this.dataSource.query(`DELETE FROM session WHERE expires_at < now()`)
      await this.dataSource.manager.insert(Session, { id, ...owner, hash: hashSession(value), expiresAt })
    })
    return { id, value, expiresAt }
  }
}

/** What is stored and looked up instead of a session's value. */
export function hashSession(value: string): Buffer {
  return hash('sha256', value, 'buffer')
}
