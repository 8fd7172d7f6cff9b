import { Injectable } from '@nestjs/common'
import { ChangeLog } from '@weir/database'
import { AppError } from '@weir/errors'
import { type Caller, permissionDenied } from '@weir/http'
import { DataSource } from 'typeorm'
import { SignInAttempts } from '../sign-in/attempts.js'
import { Passwords } from '../sign-in/passwords.js'
import type { ChangePasswordDto } from './user.dto.js'
import { User } from './user.entity.js'

/** Lets users change the password that they sign in with. */
@Injectable()
export class OwnPasswordService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changeLog: ChangeLog,
    private readonly passwords: Passwords,
    private readonly attempts: SignInAttempts,
  ) {}

  /**
   * Whoever has taken over a session must not keep it for ever: the password of now is asked for, under
   * the same lock as at a sign-in. Throws permission_denied for what is no user, invalid_credentials,
   * rate_limit_exceeded.
   */
  async change({ organization, principal }: Caller, dto: ChangePasswordDto): Promise<void> {
    const id = principal?.id ?? ''
    const user = principal?.kind === 'user' ? await this.find(organization, id) : null
    if (!user) throw permissionDenied('to be a user: only users have a password')
    await this.attempts.begin(user.email)
    if (!(await this.passwords.verify(dto.current_password, user.passwordHash)))
      throw AppError.of('invalid_credentials', {})
    await this.attempts.succeed(user.email)
    const passwordHash = await this.passwords.hash(dto.new_password)
    await this.changeLog.write(async (manager, changed) => {
      // Between the two nobody may have set another one.
      const { affected } = await manager.update(
        User,
        { id, organization, passwordHash: user.passwordHash ?? '' },
        { passwordHash, updatedAt: () => 'now()' },
      )
      if (!affected) throw AppError.of('invalid_credentials', {})
      await manager.query(`DELETE FROM session WHERE user_id = $1 AND id <> $2`, [
        id,
        principal?.credential ?? '',
      ])
      changed({ organization, kind: 'user', id, action: 'updated' })
    })
  }

  private find(organization: string, id: string): Promise<User | null> {
    return this.dataSource.manager
      .createQueryBuilder(User, 'user')
      .addSelect('user.passwordHash')
      .where({ id, organization })
      .getOne()
  }
}
