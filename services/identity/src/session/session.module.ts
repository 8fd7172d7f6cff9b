import { Module } from '@nestjs/common'
import { ServiceAccountModule } from '../service-account/service-account.module.js'
import { SignInModule } from '../sign-in/sign-in.module.js'
import { AccessTokenController } from './access-token.controller.js'
import { CredentialGrpc } from './credential.grpc.js'
import { CredentialService } from './credential.service.js'
import { OidcSessionController } from './oidc-session.controller.js'
import { SessionController } from './session.controller.js'
import { SessionService } from './session.service.js'

@Module({
  imports: [SignInModule, ServiceAccountModule],
  controllers: [OidcSessionController, SessionController, AccessTokenController, CredentialGrpc],
  providers: [SessionService, CredentialService],
  exports: [CredentialService, SessionService],
})
export class SessionModule {}
