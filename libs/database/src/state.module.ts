import { type DynamicModule, Module } from '@nestjs/common'
import { getRepositoryToken } from '@nestjs/typeorm'
import type { Bus } from '@weir/bus'
import type { Logger } from '@weir/observability'
import { DataSource } from 'typeorm'
import { ChangeFeed, type FeedKind } from './change-feed.js'
import { ChangeLog, type ChangeMessage, type VersionedChange } from './change-log.js'
import { Outbox } from './outbox.js'

interface StateOptions<Resource> {
  dataSource: DataSource
  bus: Bus
  entities: (new () => object)[]
  /** What watchers see, in the order in which one kind refers to another. */
  kinds: FeedKind<Resource>[]
  /** About how many bytes a resource has on the wire. */
  sizeOf?: (resource: Resource) => number
  /** The bus's message for a change. */
  toMessage: (change: VersionedChange) => ChangeMessage
  logger: Logger
}

/** A service's state that others watch: the repositories, the change log, the feed, the outbox. */
export class State<Resource> {
  readonly dataSource: DataSource
  readonly entities: (new () => object)[]
  readonly changeLog: ChangeLog
  readonly changeFeed: ChangeFeed<Resource>
  readonly outbox: Outbox

  constructor({ dataSource, bus, entities, kinds, sizeOf, toMessage, logger }: StateOptions<Resource>) {
    this.dataSource = dataSource
    this.entities = entities
    this.outbox = new Outbox(dataSource, bus, (err) =>
      logger.warn({ err }, 'The outbox could not be relayed; trying again.'),
    )
    this.changeLog = new ChangeLog(dataSource, { toMessage, onCommit: () => this.outbox.notify() })
    const onError = (err: unknown) =>
      logger.warn({ err }, 'The state could not be read for its watchers; trying again.')
    this.changeFeed = new ChangeFeed(dataSource, kinds, onError, sizeOf)
  }

  start(): void {
    this.changeFeed.start()
    this.outbox.start()
  }

  /** Ends the watches; they would keep a server from stopping. */
  stopWatches(): Promise<void> {
    return this.changeFeed.close()
  }

  /** Relays what is left in the outbox; called when nothing writes any more. */
  close(): Promise<void> {
    return this.outbox.close()
  }
}

/** Makes a service's state injectable: `DataSource`, `ChangeLog`, `ChangeFeed` and a repository per entity. */
@Module({})
export class StateModule {
  static forRoot<Resource>(state: State<Resource>): DynamicModule {
    const providers = [
      { provide: DataSource, useValue: state.dataSource },
      { provide: ChangeLog, useValue: state.changeLog },
      { provide: ChangeFeed, useValue: state.changeFeed },
      ...state.entities.map((entity) => ({
        provide: getRepositoryToken(entity),
        useFactory: () => state.dataSource.getRepository(entity),
      })),
    ]
    return { module: StateModule, global: true, providers, exports: providers.map(({ provide }) => provide) }
  }
}
