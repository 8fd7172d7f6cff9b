import { Module } from '@nestjs/common'
import { SignInAttempts } from './attempts.js'
import { OidcService } from './oidc/oidc.service.js'
import { Passwords } from './passwords.js'
import { SetupController } from './setup.controller.js'
import { SetupToken } from './setup-token.js'
import { SignInService } from './sign-in.service.js'

@Module({
  controllers: [SetupController],
  providers: [Passwords, SignInAttempts, SetupToken, SignInService, OidcService],
  exports: [Passwords, SignInAttempts, SignInService, OidcService],
})
export class SignInModule {}
