import { Module } from '@nestjs/common'
import { SignInModule } from '../sign-in/sign-in.module.js'
import { WorkspaceModule } from '../workspace/workspace.module.js'
import { InvitationController, InvitationLinkController } from './invitation.controller.js'
import { InvitationService } from './invitation.service.js'
import { MemberController } from './member.controller.js'
import { MemberService } from './member.service.js'

@Module({
  imports: [SignInModule, WorkspaceModule],
  controllers: [MemberController, InvitationController, InvitationLinkController],
  providers: [MemberService, InvitationService],
})
export class MemberModule {}
