import { type DynamicModule, Module } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { InternalGuard } from '@weir/contracts'
import { type State, StateModule } from '@weir/database'
import { PermissionGuard } from '@weir/http'
import type { identityV1 } from '@weir/contracts'
import type { IdentityConfig } from './config.js'
import { AuditModule } from './audit/audit.module.js'
import { MemberModule } from './member/member.module.js'
import { OrganizationModule } from './organization/organization.module.js'
import { CatalogReferences, type CatalogReferenceClient } from './reference/catalog-references.js'
import { type PolicyBudgetClient, PolicyBudgets } from './reference/policy-budgets.js'
import { ReferenceModule } from './reference/reference.module.js'
import { ServiceAccountModule } from './service-account/service-account.module.js'
import { CredentialService } from './session/credential.service.js'
import { SessionModule } from './session/session.module.js'
import { OidcProvider } from './sign-in/oidc/oidc-provider.js'
import type { OidcSettings } from './sign-in/oidc/oidc-settings.js'
import { SnapshotModule } from './snapshot/snapshot.module.js'
import { TeamModule } from './team/team.module.js'
import { UserModule } from './user/user.module.js'
import { VirtualKeyModule } from './virtual-key/virtual-key.module.js'
import { KeyPepper } from './virtual-key/key-pepper.js'
import { WorkloadModule } from './workload/workload.module.js'
import { WorkspaceModule } from './workspace/workspace.module.js'

/** What the process gives to the application. */
export interface AppOptions {
  config: Pick<IdentityConfig, 'masterKey' | 'internalSecret' | 'keyPepper'>
  /** Undefined: no OpenID provider. */
  oidc?: OidcSettings | undefined
  state: State<identityV1.IdentityResource>
  catalog: CatalogReferenceClient
  policy: PolicyBudgetClient
}

/** The whole of identity; every route and every call is refused unless a guard lets it in. */
@Module({})
export class AppModule {
  static forRoot({ config, oidc, state, catalog, policy }: AppOptions): DynamicModule {
    const shared = [
      { provide: KeyPepper, useValue: new KeyPepper(config.keyPepper) },
      { provide: OidcProvider, useValue: new OidcProvider(oidc) },
      { provide: CatalogReferences, useValue: new CatalogReferences(catalog) },
      { provide: PolicyBudgets, useValue: new PolicyBudgets(policy) },
    ]
    return {
      module: AppModule,
      global: true,
      imports: [
        StateModule.forRoot(state),
        OrganizationModule,
        TeamModule,
        WorkspaceModule,
        WorkloadModule,
        VirtualKeyModule,
        SnapshotModule,
        ReferenceModule,
        UserModule,
        SessionModule,
        ServiceAccountModule,
        MemberModule,
        AuditModule,
      ],
      providers: [
        ...shared,
        { provide: APP_GUARD, useValue: new InternalGuard(config) },
        {
          provide: APP_GUARD,
          useFactory: (credentials: CredentialService) =>
            new PermissionGuard(config.masterKey, (credential) => credentials.check(credential)),
          inject: [CredentialService],
        },
      ],
      exports: shared.map(({ provide }) => provide),
    }
  }
}
