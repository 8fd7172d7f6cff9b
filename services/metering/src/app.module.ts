import { type DynamicModule, Module } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { getRepositoryToken } from '@nestjs/typeorm'
import { BoundedReads, Outbox } from '@weir/database'
import { type CheckCredential, PermissionGuard } from '@weir/http'
import { DataSource } from 'typeorm'
import type { MeteringConfig } from './config.js'
import { LedgerEntry } from './ledger/ledger-entry.entity.js'
import { LedgerModule } from './ledger/ledger.module.js'
import { PriceCatalog } from './price/price-catalog.js'
import { StoredPrice } from './price/price.entity.js'
import { RequestLogModule } from './request-log/request-log.module.js'
import { type ResourceClient, ResourceDirectory } from './stats/resource-directory.js'
import { StatsModule } from './stats/stats.module.js'
import { UsageModule } from './usage/usage.module.js'

/** The tables that are read as objects. */
export const entities = [LedgerEntry, StoredPrice]

/** What the process gives to the application. */
export interface AppOptions {
  config: Pick<MeteringConfig, 'masterKey'>
  dataSource: DataSource
  outbox: Outbox
  checkCredential: CheckCredential
  catalog: PriceCatalog
  resources: ResourceClient
}

/** The whole of metering; every route is refused unless the guard lets it in. */
@Module({})
export class AppModule {
  static forRoot({
    config,
    dataSource,
    outbox,
    checkCredential,
    catalog,
    resources,
  }: AppOptions): DynamicModule {
    const shared = [
      { provide: DataSource, useValue: dataSource },
      { provide: Outbox, useValue: outbox },
      { provide: BoundedReads, useFactory: () => new BoundedReads(dataSource) },
      { provide: PriceCatalog, useValue: catalog },
      { provide: ResourceDirectory, useValue: new ResourceDirectory(resources) },
      ...entities.map((entity) => ({
        provide: getRepositoryToken(entity),
        useFactory: () => dataSource.getRepository<object>(entity),
      })),
    ]
    return {
      module: AppModule,
      global: true,
      imports: [LedgerModule, UsageModule, RequestLogModule, StatsModule],
      providers: [
        ...shared,
        { provide: APP_GUARD, useValue: new PermissionGuard(config.masterKey, checkCredential) },
      ],
      exports: shared.map(({ provide }) => provide),
    }
  }
}
