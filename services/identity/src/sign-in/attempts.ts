import { Injectable } from '@nestjs/common'
import { AppError } from '@weir/errors'
import { hash } from 'node:crypto'
import { DataSource } from 'typeorm'

/** Wrong passwords in a row until an address is locked. */
export const mostAttempts = 5
const lockedS = 15 * 60

/**
 * Counts attempts to sign in by the address that was tried, whether there is such a user or not. An
 * attempt counts before its password is checked, so that many at once are not better than one after
 * the other.
 */
@Injectable()
export class SignInAttempts {
  constructor(private readonly dataSource: DataSource) {}

  /** Throws rate_limit_exceeded while the address is locked. */
  async begin(email: string): Promise<void> {
    await this.dataSource.query(
      `DELETE FROM sign_in_attempt WHERE last_at < now() - make_interval(secs => $1)`,
      [lockedS],
    )
    const [row] = await this.dataSource.query<{ attempts: number; leftS: number }[]>(
      `INSERT INTO sign_in_attempt AS a (email_hash, attempts, last_at) VALUES ($1, 1, now())
       ON CONFLICT (email_hash) DO UPDATE SET
         attempts = CASE WHEN a.last_at < now() - make_interval(secs => $2) THEN 1
           ELSE least(a.attempts, $3) + 1 END,
         last_at = CASE WHEN a.attempts >= $3 AND a.last_at >= now() - make_interval(secs => $2) THEN a.last_at
           ELSE now() END
       RETURNING attempts, ceil(extract(epoch FROM last_at - now()) + $2)::integer AS "leftS"`,
      [hashOf(email), lockedS, mostAttempts],
    )
    if (!row || row.attempts <= mostAttempts) return
    const reason = `Too many attempts to sign in with this address. Try again in ${Math.ceil(row.leftS / 60)} minutes.`
    throw AppError.of('rate_limit_exceeded', { reason }, { retryAfterS: Math.max(1, row.leftS) })
  }

  /** The right password forgives the wrong ones before it. */
  async succeed(email: string): Promise<void> {
    await this.dataSource.query(`DELETE FROM sign_in_attempt WHERE email_hash = $1`, [hashOf(email)])
  }
}

const hashOf = (email: string): Buffer => hash('sha256', email, 'buffer')
