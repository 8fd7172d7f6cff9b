import { Injectable } from '@nestjs/common'
import { asService } from '@weir/audit'
import { type Change, ChangeLog, isUniqueViolation, newId } from '@weir/database'
import { AppError } from '@weir/errors'
import { defaultOrganization, type Principal } from '@weir/http'
import { hash } from 'node:crypto'
import { DataSource, type EntityManager } from 'typeorm'
import { Member } from '../../member/member.entity.js'
import { User } from '../../user/user.entity.js'
import { deletePersonalKeys } from '../../virtual-key/personal-keys.js'
import { type RolesOfGroups, rolesOfGroups } from './group-roles.js'
import { type Claims, OidcProvider } from './oidc-provider.js'

const lifetimeS = 600
/** Anybody can begin one. */
const mostUnderWay = 10_000

/** Signs people in through the OpenID provider, and tells who a JWT of it belongs to. */
@Injectable()
export class OidcService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changeLog: ChangeLog,
    private readonly provider: OidcProvider,
  ) {}

  /** The provider's page, and the state that must come back from it. */
  async begin(): Promise<{ url: string; state: string }> {
    const { url, state, nonce, codeVerifier } = await this.provider.begin()
    await this.dataSource.query(
      `DELETE FROM openid_sign_in WHERE created_at < now() - make_interval(secs => $1)`,
      [lifetimeS],
    )
    const kept = await this.dataSource.query<unknown[]>(
      `INSERT INTO openid_sign_in (state_hash, nonce, code_verifier)
       SELECT $1, $2, $3 WHERE (SELECT count(*) FROM openid_sign_in) < ${mostUnderWay} RETURNING nonce`,
      [hashOf(state), nonce, codeVerifier],
    )
    if (kept.length === 0) {
      const reason = 'Too many sign-ins are under way. Try again in a few minutes.'
      throw AppError.of('rate_limit_exceeded', { reason }, { retryAfterS: 60 })
    }
    return { url, state }
  }

  /**
   * The user who comes back from the provider: a new one, or the one that it was before. `state` is
   * what the browser has kept. Throws invalid_credentials.
   */
  async finish(query: string, state: string): Promise<User> {
    const [[kept]] = await this.dataSource.query<[{ nonce: string; codeVerifier: string }[], number]>(
      `DELETE FROM openid_sign_in WHERE state_hash = $1 AND created_at > now() - make_interval(secs => $2)
       RETURNING nonce, code_verifier AS "codeVerifier"`,
      [hashOf(state), lifetimeS],
    )
    if (!kept) throw AppError.of('invalid_credentials', {})
    const claims = await this.provider.finish(query, { state, ...kept })
    return asService('sign-in', async () => {
      try {
        return await this.takeIn(claims)
      } catch (error) {
        if (!isUniqueViolation(error)) throw error
        // Signed in twice at once, for the first time: by now there is the user.
        return this.takeIn(claims)
      }
    })
  }

  /** Who a JWT belongs to; undefined when it is not good. */
  async check(token: string): Promise<Principal | undefined> {
    const payload = await this.provider.verify(token)
    const { settings } = this.provider
    if (!payload?.sub || !settings) return undefined
    const claims: Claims = { ...payload, sub: payload.sub }
    const { manager } = this.dataSource
    const user = await manager.findOneBy(User, { openidIdentity: this.identityOf(claims) })
    if (user?.disabled) return undefined
    const organization = user?.organization ?? defaultOrganization
    const ofGroups = await rolesOfGroups(manager, settings, { organization, claims })
    const members = user ? await manager.findBy(Member, { userId: user.id }) : []
    return {
      kind: 'user',
      id: user?.id ?? this.identityOf(claims),
      name: user?.email ?? (typeof claims['email'] === 'string' ? claims['email'] : claims.sub),
      organization,
      organizationRoles: ofGroups.organizationRoles ?? user?.organizationRoles ?? [],
      workspaceRoles: new Map([
        ...members.flatMap(({ workspace, role }) =>
          ofGroups.decided.includes(workspace) ? [] : [[workspace, role] as const],
        ),
        ...ofGroups.workspaceRoles,
      ]),
      credential: `jwt ${typeof claims['jti'] === 'string' ? claims['jti'].slice(0, 100) : claims.sub}`,
    }
  }

  private identityOf({ sub }: { sub: string }): string {
    return `${this.provider.settings?.issuer.href ?? ''} ${sub}`
  }

  private async takeIn(claims: Claims): Promise<User> {
    const { settings } = this.provider
    if (!settings) throw AppError.of('invalid_credentials', {})
    const id = await this.changeLog.write(async (manager, changed) => {
      const found = await this.find(manager, claims)
      if (found?.disabled) throw AppError.of('invalid_credentials', {})
      const organization = found?.organization ?? defaultOrganization
      const roles = await rolesOfGroups(manager, settings, { organization, claims })
      const user = found ?? this.newUser(claims, organization)
      if (!found) await manager.insert(User, user)
      const openidIdentity = this.identityOf(claims)
      const organizationRoles = roles.organizationRoles ?? user.organizationRoles
      const isChanged =
        (await this.setMemberships(manager, changed, { user, roles })) ||
        [...user.organizationRoles].sort().join() !== [...organizationRoles].sort().join()
      // Sessions that were opened with other roles end.
      if (found && isChanged) await manager.query(`DELETE FROM session WHERE user_id = $1`, [user.id])
      if (isChanged || found?.openidIdentity !== openidIdentity) {
        const values = { openidIdentity, organizationRoles, updatedAt: () => 'now()' }
        await manager.update(User, { id: user.id }, values)
        changed({ organization, kind: 'user', id: user.id, action: found ? 'updated' : 'created' })
      }
      return user.id
    })
    return this.dataSource.manager.findOneByOrFail(User, { id })
  }

  /** By issuer and subject; an address is only believed when the provider has verified it. */
  private async find(manager: EntityManager, claims: Claims): Promise<User | null> {
    const known = await manager.findOneBy(User, { openidIdentity: this.identityOf(claims) })
    if (known) return known
    const user = await manager.findOneBy(User, { email: emailOf(claims) })
    if (user && (claims['email_verified'] !== true || user.openidIdentity !== null)) {
      throw AppError.of('invalid_credentials', {}, { internal: 'The address belongs to another user.' })
    }
    return user
  }

  private newUser(claims: Claims, organization: string): User {
    const email = emailOf(claims)
    const name = typeof claims['name'] === 'string' ? claims['name'].slice(0, 100) : email
    return Object.assign(new User(), {
      ...{ id: newId('usr'), organization, email, name, passwordHash: null, disabled: false },
      ...{ organizationRoles: [], openidIdentity: this.identityOf(claims) },
    })
  }

  /** Whether anything was to be changed. */
  private async setMemberships(
    manager: EntityManager,
    changed: (change: Change) => void,
    { user, roles }: { user: User; roles: RolesOfGroups },
  ): Promise<boolean> {
    const { id: userId, organization } = user
    const members = await manager.findBy(Member, { userId })
    let isChanged = false
    for (const workspace of new Set(roles.decided)) {
      const had = members.find((member) => member.workspace === workspace)?.role
      const role = roles.workspaceRoles.get(workspace)
      if (had === role) continue
      isChanged = true
      const key = { workspace, userId }
      if (role) {
        await manager.upsert(Member, { ...key, organization, role }, ['workspace', 'userId'])
      } else {
        await deletePersonalKeys(manager, changed, { organization, workspace, user: userId })
        await manager.delete(Member, key)
      }
      const action = role ? (had ? 'updated' : 'created') : 'deleted'
      changed({ organization, kind: 'member', id: `${workspace}/${userId}`, action })
    }
    return isChanged
  }
}

function emailOf({ email }: Claims): string {
  if (typeof email === 'string' && email !== '') return email.toLowerCase()
  throw AppError.of('invalid_credentials', {}, { internal: 'The provider tells no e-mail address.' })
}

const hashOf = (state: string): Buffer => hash('sha256', state, 'buffer')
