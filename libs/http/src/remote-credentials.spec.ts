import { generateVirtualKey } from '@weir/secrets'
import { describe, expect, it } from 'vitest'
import { remoteCredentials } from './remote-credentials.js'

describe('what is kept of credentials (threat 15)', () => {
  it('is found by the full credential: two that begin alike are two', async () => {
    const asked: string[] = []
    const check = remoteCredentials({
      checkCredential: ({ credential }: { credential: string }) => {
        asked.push(credential)
        const principal = {
          ...{
            kind: 'user',
            id: `usr_${credential.at(-1)}`,
            name: '',
            organization: `org_${credential.at(-1)}`,
          },
          ...{ organizationRoles: [], workspaceRoles: {}, credential: 'ses', sourceNetworks: [] },
        }
        return Promise.resolve({ principal, refusal: '', refusalParameters: {} })
      },
    } as never)
    const beginning = `ses_${'x'.repeat(42)}`
    const organizations: (string | undefined)[] = []
    for (const end of ['a', 'b', 'a', 'b']) {
      organizations.push((await check(`${beginning}${end}`))?.organization)
    }
    expect(organizations).toEqual(['org_a', 'org_b', 'org_a', 'org_b'])
    expect(asked).toEqual([`${beginning}a`, `${beginning}b`])
  })

  it('asks nobody about what cannot be a credential', async () => {
    const check = remoteCredentials({ checkCredential: () => Promise.reject(new Error('asked')) } as never)
    for (const credential of ['', 'ses_short', `ses_${'x'.repeat(44)}`, generateVirtualKey().slice(3)]) {
      expect(await check(credential)).toBeUndefined()
    }
  })
})
