import { type EntityManager, type FindOptionsOrder, type FindOptionsWhere, In, MoreThan } from 'typeorm'
import type { FeedKind } from './change-feed.js'

/** A kind of the change feed whose resources are the rows of one table. */
export function entityKind<Row extends { id: string }, Resource>(
  kind: string,
  entity: new () => Row,
  toResource: (row: Row) => Resource,
): FeedKind<Resource> {
  return joinedKind(kind, entity, (_, rows) => Promise.resolve(rows.map((row) => toResource(row))))
}

/** A kind whose resources need more than their own row; `toResources` keeps the order of the rows. */
export function joinedKind<Row extends { id: string }, Resource>(
  kind: string,
  entity: new () => Row,
  toResources: (manager: EntityManager, rows: Row[]) => Promise<Resource[]>,
): FeedKind<Resource> {
  const read = async (manager: EntityManager, rows: Row[]) => {
    const resources = await toResources(manager, rows)
    return resources.map((resource, index) => ({ id: rows[index]?.id ?? '', resource }))
  }
  return {
    kind,
    async byIds(manager, ids) {
      return read(manager, await manager.find(entity, { where: { id: In(ids) } as FindOptionsWhere<Row> }))
    },
    async page(manager, afterId, take) {
      const where = (afterId === undefined ? {} : { id: MoreThan(afterId) }) as FindOptionsWhere<Row>
      return read(
        manager,
        await manager.find(entity, { where, order: { id: 'ASC' } as FindOptionsOrder<Row>, take }),
      )
    },
  }
}
