import type { OrganizationRole, WorkspaceRole } from '@weir/http'
import { unique } from '../stack/factory.js'
import type { SharedWeir } from '../stack/weir.js'
import { Management } from '../stack/management.js'

/** Everybody's. */
export const password = 'correct horse battery staple'

/** Somebody who has signed in. */
export interface Person {
  id: string
  email: string
  management: Management
}

/** Makes a user with roles and signs in. */
export async function createPerson(
  weir: Pick<SharedWeir, 'url' | 'management'>,
  roles: { organization?: OrganizationRole; workspace?: [id: string, role: WorkspaceRole] },
): Promise<Person> {
  const email = `${unique('person')}@example.com`
  const { id } = await weir.management.create<{ id: string }>('/v1/users', {
    ...{ email, name: email, password },
    organization_roles: roles.organization ? [roles.organization] : [],
  })
  if (roles.workspace) {
    const [workspace, role] = roles.workspace
    await weir.management.create(`/v1/workspaces/${workspace}/members`, { user: id, role })
  }
  return { id, email, management: await signIn(weir.url, email) }
}

/** A new session of a person. */
export async function signIn(url: string, email: string): Promise<Management> {
  const anonymous = new Management(url, '')
  const { session } = await anonymous.create<{ session: string }>('/v1/sessions', { email, password })
  return new Management(url, session)
}
