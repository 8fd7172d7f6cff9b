import { Module } from '@nestjs/common'
import { SignInModule } from '../sign-in/sign-in.module.js'
import { OwnPasswordService } from './own-password.service.js'
import { UserController } from './user.controller.js'
import { UserService } from './user.service.js'

@Module({
  imports: [SignInModule],
  controllers: [UserController],
  providers: [UserService, OwnPasswordService],
})
export class UserModule {}
