import { type DynamicModule, Module } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { type catalogV1, InternalGuard } from '@weir/contracts'
import { type State, StateModule } from '@weir/database'
import { type CheckCredential, PermissionGuard } from '@weir/http'
import { Keyring } from '@weir/secrets'
import { AddressPolicy } from '@weir/upstream-address'
import type { CatalogConfig } from './config.js'
import { DeploymentModule } from './deployment/deployment.module.js'
import { ModelVersionModule } from './model-version/model-version.module.js'
import { ModelModule } from './model/model.module.js'
import { PriceModule } from './price/price.module.js'
import { ProviderModule } from './provider/provider.module.js'
import { type IdentityReferenceClient, IdentityReferences } from './reference/identity-references.js'
import { ReferenceModule } from './reference/reference.module.js'
import { RepositoryModule } from './repository/repository.module.js'
import { SnapshotModule } from './snapshot/snapshot.module.js'
import { WhitelistModule } from './whitelist/whitelist.module.js'

/** What the process gives to the application. */
export interface AppOptions {
  config: Pick<CatalogConfig, 'masterKey' | 'internalSecret'>
  keyring: Keyring
  addressPolicy: AddressPolicy
  state: State<catalogV1.CatalogResource>
  identity: IdentityReferenceClient
  checkCredential: CheckCredential
}

/** The whole of the catalog; every route and every call is refused unless a guard lets it in. */
@Module({})
export class AppModule {
  /** Throws when the encryption keys or the allowed addresses are malformed: before anything is opened. */
  static checkConfig(config: CatalogConfig): Pick<AppOptions, 'keyring' | 'addressPolicy'> {
    return {
      keyring: new Keyring(config.encryptionKeys),
      addressPolicy: new AddressPolicy(config.upstreamAllow),
    }
  }

  static forRoot({
    config,
    keyring,
    addressPolicy,
    state,
    identity,
    checkCredential,
  }: AppOptions): DynamicModule {
    const shared = [
      { provide: Keyring, useValue: keyring },
      { provide: AddressPolicy, useValue: addressPolicy },
      { provide: IdentityReferences, useValue: new IdentityReferences(identity) },
    ]
    return {
      module: AppModule,
      global: true,
      imports: [
        StateModule.forRoot(state),
        ProviderModule,
        ModelModule,
        PriceModule,
        WhitelistModule,
        ModelVersionModule,
        DeploymentModule,
        RepositoryModule,
        SnapshotModule,
        ReferenceModule,
      ],
      providers: [
        ...shared,
        { provide: APP_GUARD, useValue: new InternalGuard(config) },
        { provide: APP_GUARD, useValue: new PermissionGuard(config.masterKey, checkCredential) },
      ],
      exports: shared.map(({ provide }) => provide),
    }
  }
}
