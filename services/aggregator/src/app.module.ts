import { type DynamicModule, Module } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { BoundedReads, Outbox } from '@weir/database'
import { type CheckCredential, PermissionGuard } from '@weir/http'
import { DataSource } from 'typeorm'
import type { AggregatorConfig } from './config.js'
import { CostModule } from './cost/cost.module.js'
import { RollupModule } from './rollup/rollup.module.js'

/** What the process gives to the application. */
export interface AppOptions {
  config: Pick<AggregatorConfig, 'masterKey'>
  dataSource: DataSource
  outbox: Outbox
  checkCredential: CheckCredential
}

/** The whole of aggregator; every route is refused unless the guard lets it in. */
@Module({})
export class AppModule {
  static forRoot({ config, dataSource, outbox, checkCredential }: AppOptions): DynamicModule {
    const shared = [
      { provide: DataSource, useValue: dataSource },
      { provide: Outbox, useValue: outbox },
      { provide: BoundedReads, useFactory: () => new BoundedReads(dataSource) },
    ]
    return {
      module: AppModule,
      global: true,
      imports: [RollupModule, CostModule],
      providers: [
        ...shared,
        { provide: APP_GUARD, useValue: new PermissionGuard(config.masterKey, checkCredential) },
      ],
      exports: shared.map(({ provide }) => provide),
    }
  }
}
