import { Injectable } from '@nestjs/common'
import { asService } from '@weir/audit'
import { hash, randomBytes } from 'node:crypto'
import { DataSource, type EntityManager } from 'typeorm'

/** How the line begins that shows the token; the launcher looks for it. */
export const setupLine = 'First administrator: POST /v1/setup with the one-time token '

/** The one-time token with which the first administrator is made; there is none once there is a user. */
@Injectable()
export class SetupToken {
  constructor(private readonly dataSource: DataSource) {}

  /** Makes a token while there is no user. Each replica has its own; the first that is used ends them all. */
  issue(): Promise<string | undefined> {
    return asService('sign-in', async () => {
      const [row] = await this.dataSource.query<{ exists: boolean }[]>(
        `SELECT EXISTS (SELECT FROM app_user) AS exists`,
      )
      if (row?.exists) return undefined
      const token = `setup_${randomBytes(32).toString('base64url')}`
      // Of starts long ago nobody has the line any more.
      await this.dataSource.query(`DELETE FROM setup_token WHERE created_at < now() - interval '7 days'`)
      await this.dataSource.query(`INSERT INTO setup_token (hash) VALUES ($1)`, [hashOf(token)])
      return token
    })
  }

  /** Uses a token up; false for one that is not good, or when there is a user already. */
  async redeem(manager: EntityManager, token: string): Promise<boolean> {
    // Two at once: the second waits here, and then finds nothing.
    await manager.query(`LOCK TABLE setup_token IN ACCESS EXCLUSIVE MODE`)
    const [found] = await manager.query<{ exists: boolean }[]>(
      `SELECT EXISTS (SELECT FROM setup_token WHERE hash = $1) AND NOT EXISTS (SELECT FROM app_user) AS exists`,
      [hashOf(token)],
    )
    if (!found?.exists) return false
    await manager.query(`DELETE FROM setup_token`)
    return true
  }
}

const hashOf = (token: string): Buffer => hash('sha256', token, 'buffer')
