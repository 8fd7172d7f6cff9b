import { AppError, type FieldMistake, invalidFields } from '@weir/errors'
import type { EntityManager } from 'typeorm'
import type { FallbackDto, TargetDto } from './deployment.dto.js'
import { type Fallback, Deployment, type Target } from './deployment.entity.js'

/** Where a deployment is. */
interface Place {
  organization: string
  workspace: string
}

/**
 * Holds all names that callers write in `model` in an organization until the transaction ends: a model
 * and a deployment of one name would otherwise both be made at the same time.
 */
export async function lockNames(manager: EntityManager, organization: string): Promise<void> {
  await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`names/${organization}`])
}

/** Refuses the name of a model that a workspace sees. Throws already_exists. */
export async function refuseModelName(
  manager: EntityManager,
  { organization, workspace }: Place,
  name: string,
): Promise<void> {
  const rows = await manager.query<unknown[]>(
    `SELECT 1 FROM model JOIN provider ON provider.id = model.provider
     WHERE model.organization = $1 AND model.name = $2
       AND (provider.workspace IS NULL OR provider.workspace = $3)`,
    [organization, name, workspace],
  )
  if (rows.length > 0) throw AppError.of('already_exists', { kind: 'model', id: name }, { param: 'name' })
}

/** Refuses the name of a deployment of a workspace that sees a model; null: all do. Throws already_exists. */
export async function refuseDeploymentName(
  manager: EntityManager,
  { organization, workspace }: { organization: string; workspace: string | null },
  name: string,
): Promise<void> {
  const isTaken = await manager.existsBy(Deployment, { organization, name, ...(workspace && { workspace }) })
  if (isTaken) throw AppError.of('already_exists', { kind: 'deployment', id: name }, { param: 'name' })
}

/** Deployments that name a model or a deployment, for people. */
export async function findDeploymentsUsing(
  manager: EntityManager,
  id: string,
  limit: number,
): Promise<string[]> {
  const rows = await manager.query<{ name: string }[]>(
    `SELECT 'deployment \`' || name || '\`' AS name FROM deployment WHERE uses @> ARRAY[$1] ORDER BY id LIMIT $2`,
    [id, limit],
  )
  return rows.map(({ name }) => name)
}

/** Finds what deployments name, and collects what is wrong with it. */
export class NameResolver {
  readonly mistakes: FieldMistake[] = []
  readonly uses = new Set<string>()

  constructor(
    private readonly manager: EntityManager,
    private readonly place: Place,
  ) {}

  /** Throws invalid_request with everything that was found wrong. */
  refuseMistakes(): void {
    if (this.mistakes.length > 0) throw invalidFields(this.mistakes)
  }

  async targets(field: string, targets: readonly TargetDto[]): Promise<Target[]> {
    const found: Target[] = []
    for (const [index, { model, weight = 1, priority = 0 }] of targets.entries()) {
      const id = await this.model(`${field}.${index}.model`, model)
      if (found.some((target) => target.model === id)) {
        this.mistakes.push({ field: `${field}.${index}.model`, message: 'is a target already' })
      }
      found.push({ model: id, weight, priority })
    }
    if (found.every(({ weight }) => weight === 0)) {
      this.mistakes.push({ field, message: 'must have a target with a weight above 0' })
    }
    return found
  }

  async fallbacks(own: string, fallbacks: readonly FallbackDto[]): Promise<Fallback[]> {
    const found: Fallback[] = []
    for (const [index, { model, deployment, on = 'any' }] of fallbacks.entries()) {
      const field = `fallbacks.${index}`
      if ((model === undefined) === (deployment === undefined)) {
        this.mistakes.push({ field, message: 'must have either a model or a deployment' })
      } else if (model !== undefined) {
        found.push({ model: await this.model(`${field}.model`, model), on })
      } else if (deployment !== undefined) {
        found.push({ deployment: await this.deployment(`${field}.deployment`, own, deployment), on })
      }
    }
    return found
  }

  /** The id of a model that the workspace may use; it stays until the transaction ends. */
  async model(field: string, idOrName: string): Promise<string> {
    const { organization, workspace } = this.place
    const [row] = await this.manager.query<{ id: string; isListed: boolean }[]>(
      `SELECT model.id,
         NOT EXISTS (SELECT FROM whitelist_entry WHERE workspace = $3)
         OR EXISTS (SELECT FROM whitelist_entry e WHERE e.workspace = $3 AND e.model = model.id) AS "isListed"
       FROM model JOIN provider ON provider.id = model.provider
       WHERE model.organization = $1 AND (model.id = $2 OR model.name = $2)
         AND (provider.workspace IS NULL OR provider.workspace = $3)
       FOR KEY SHARE OF model`,
      [organization, idOrName, workspace],
    )
    if (!row) throw AppError.of('model_not_found', { model: idOrName }, { param: field })
    if (!row.isListed) this.mistakes.push({ field, message: 'is not among the models of the workspace' })
    this.uses.add(row.id)
    return row.id
  }

  private async deployment(field: string, own: string, idOrName: string): Promise<string> {
    const { organization, workspace } = this.place
    const found = await this.manager.findOne(Deployment, {
      where: [
        { organization, workspace, id: idOrName },
        { organization, workspace, name: idOrName },
      ],
      lock: { mode: 'for_key_share' },
    })
    if (!found) throw AppError.of('deployment_not_found', { deployment: idOrName }, { param: field })
    if (found.id === own || (await this.reaches(found, own))) {
      this.mistakes.push({
        field,
        message: 'falls back to this deployment again: fallbacks may not go in a circle',
      })
    }
    this.uses.add(found.id)
    return found.id
  }

  /** Whether the fallbacks of a deployment lead to another. Names are locked, so that none is added meanwhile. */
  private async reaches(from: Deployment, to: string): Promise<boolean> {
    const seen = new Set<string>()
    const waiting = [from]
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const ids = next.fallbacks.flatMap(({ deployment }) => deployment ?? []).filter((id) => !seen.has(id))
      if (ids.includes(to)) return true
      for (const id of ids) {
        seen.add(id)
        const deployment = await this.manager.findOneBy(Deployment, { id })
        if (deployment) waiting.push(deployment)
      }
    }
    return false
  }
}
