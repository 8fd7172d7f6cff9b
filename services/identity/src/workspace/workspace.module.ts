import { Module } from '@nestjs/common'
import { DeletedWorkspaces } from './deleted-workspaces.js'
import { WorkspaceController } from './workspace.controller.js'
import { WorkspaceLifecycleService } from './workspace-lifecycle.service.js'
import { WorkspaceService } from './workspace.service.js'

@Module({
  controllers: [WorkspaceController],
  providers: [DeletedWorkspaces, WorkspaceService, WorkspaceLifecycleService],
  exports: [WorkspaceService],
})
export class WorkspaceModule {}
