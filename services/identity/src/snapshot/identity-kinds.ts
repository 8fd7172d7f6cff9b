import type { identityV1 } from '@weir/contracts'
import { entityKind, type FeedKind } from '@weir/database'
import { type EntityManager, In, IsNull, MoreThan, Not } from 'typeorm'
import { Member } from '../member/member.entity.js'
import { Organization } from '../organization/organization.entity.js'
import { Team } from '../team/team.entity.js'
import { User } from '../user/user.entity.js'
import { Workload } from '../workload/workload.entity.js'
import { Workspace } from '../workspace/workspace.entity.js'
import { toProto, type WatchedVirtualKey } from './to-proto.js'

const columns = `id, organization, hash, name, workspace, workload, team, type, disabled,
  expires_at AS "expiresAt", models, endpoints, deployments, repositories,
  source_networks AS "sourceNetworks", previous_hash AS "previousHash", previous_until AS "previousUntil",
  rpm_limit AS "rpmLimit", tpm_limit AS "tpmLimit", input_tpm_limit AS "inputTpmLimit",
  output_tpm_limit AS "outputTpmLimit", max_parallel_requests AS "maxParallelRequests",
  max_budget_nano_usd AS "maxBudgetNanoUsd", budget_duration AS "budgetDuration"`

/** Read as plain rows: there may be a million, and making an entity of each takes three times as long. */
const virtualKeys: FeedKind<identityV1.IdentityResource> = {
  kind: 'virtual_key',
  byIds: (manager, ids) => read(manager, `WHERE id = ANY($1)`, [ids]),
  page: (manager, afterId = '', limit) =>
    read(manager, `WHERE id > $1 ORDER BY id LIMIT $2`, [afterId, limit]),
}

async function read(manager: EntityManager, where: string, parameters: unknown[]) {
  const rows = await manager.query<WatchedVirtualKey[]>(
    `SELECT ${columns} FROM virtual_key ${where}`,
    parameters,
  )
  return rows.map((row) => ({ id: row.id, resource: toProto.virtualKey(row) }))
}

/** Those whom a JWT may name. */
const users: FeedKind<identityV1.IdentityResource> = {
  kind: 'user',
  byIds: async (manager, ids) =>
    (await manager.findBy(User, { id: In(ids), openidIdentity: Not(IsNull()) })).map(toUser),
  page: async (manager, afterId = '', take) => {
    const where = { id: MoreThan(afterId), openidIdentity: Not(IsNull()) }
    return (await manager.find(User, { where, order: { id: 'ASC' }, take })).map(toUser)
  },
}

const toUser = (user: User) => ({ id: user.id, resource: toProto.user(user) })

const memberId = `(workspace || '/' || user_id)`

const members: FeedKind<identityV1.IdentityResource> = {
  kind: 'member',
  byIds: (manager, ids) => readMembers(manager, `WHERE ${memberId} = ANY($1)`, [ids]),
  page: (manager, afterId = '', limit) =>
    readMembers(manager, `WHERE (workspace, user_id) > ($1, $2) ORDER BY workspace, user_id LIMIT $3`, [
      ...[afterId.split('/')[0] ?? '', afterId.split('/')[1] ?? '', limit],
    ]),
}

async function readMembers(manager: EntityManager, where: string, parameters: unknown[]) {
  const rows = await manager.query<Member[]>(
    `SELECT workspace, user_id AS "userId", organization FROM member ${where}`,
    parameters,
  )
  return rows.map((row) => ({ id: `${row.workspace}/${row.userId}`, resource: toProto.member(row) }))
}

/** What gateways watch. Virtual keys come last, so that what a key refers to is there before it. */
export const identityKinds: FeedKind<identityV1.IdentityResource>[] = [
  entityKind('organization', Organization, toProto.organization),
  entityKind('team', Team, toProto.team),
  entityKind('workspace', Workspace, toProto.workspace),
  entityKind('workload', Workload, toProto.workload),
  users,
  members,
  virtualKeys,
]
