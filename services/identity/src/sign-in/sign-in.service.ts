import { Injectable } from '@nestjs/common'
import { asService } from '@weir/audit'
import { ChangeLog, newId } from '@weir/database'
import { AppError } from '@weir/errors'
import { defaultOrganization } from '@weir/http'
import { DataSource } from 'typeorm'
import { User } from '../user/user.entity.js'
import { SignInAttempts } from './attempts.js'
import { Passwords } from './passwords.js'
import { SetupToken } from './setup-token.js'
import type { SetupDto, SignInDto } from './sign-in.dto.js'

/** Finds out who somebody is; whose organization it is shows only then. */
@Injectable()
export class SignInService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changeLog: ChangeLog,
    private readonly passwords: Passwords,
    private readonly attempts: SignInAttempts,
    private readonly setupToken: SetupToken,
  ) {}

  /** Makes the first user, an owner of the organization. Throws invalid_credentials. */
  async setUp({ token, email: sentEmail, name, password }: SetupDto): Promise<User> {
    // The same lock as for passwords: a token cannot be guessed, but asking must not cost more than that.
    const passwordHash = await this.passwords.hash(password)
    const [id, email, organization] = [newId('usr'), sentEmail.toLowerCase(), defaultOrganization]
    return asService('sign-in', async () => {
      await this.changeLog.write(async (manager, changed) => {
        if (!(await this.setupToken.redeem(manager, token))) throw AppError.of('invalid_credentials', {})
        await manager.insert(User, {
          ...{ id, organization, email, name, passwordHash, disabled: false, organizationRoles: ['owner'] },
        })
        changed({ organization, kind: 'user', id, action: 'created' })
      })
      return this.dataSource.manager.findOneByOrFail(User, { id })
    })
  }

  /**
   * The user with an address and a password. Throws invalid_credentials, the same and after the same
   * time for an unknown address, a wrong password and a disabled user; rate_limit_exceeded after too
   * many of them.
   */
  async signIn({ email: sentEmail, password }: SignInDto): Promise<User> {
    const email = sentEmail.toLowerCase()
    return asService('sign-in', async () => {
      await this.attempts.begin(email)
      const user = await this.dataSource.manager
        .createQueryBuilder(User, 'user')
        .addSelect('user.passwordHash')
        .where({ email })
        .getOne()
      const isRight = await this.passwords.verify(password, user?.passwordHash)
      if (!user || !isRight || user.disabled) throw AppError.of('invalid_credentials', {})
      await this.attempts.succeed(email)
      return user
    })
  }
}
