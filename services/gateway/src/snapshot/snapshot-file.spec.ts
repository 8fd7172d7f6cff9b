import type { identityV1 } from '@weir/contracts'
import { Keyring } from '@weir/secrets'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type SavedSnapshot, SnapshotFile } from './snapshot-file.js'

const keyring = () => new Keyring(`1:${randomBytes(32).toString('base64')}`)
const mark = { epoch: 'e', version: '3', reset: true, synced: true, removals: [] }
const snapshot: SavedSnapshot = {
  savedAtMs: 1_700_000_000_000,
  identity: {
    ...mark,
    upserts: [
      { workspace: { id: 'ws_1', organization: 'o', name: 'canary-name', environment: 'production' } },
    ],
  },
  catalog: { ...mark, upserts: [] },
  policy: { epoch: 'e', version: '1', reset: true, synced: true, upserts: [], removals: [] },
}
const folder = () => mkdtempSync(join(tmpdir(), 'weir-snapshot-'))

describe('SnapshotFile', () => {
  it('gives back what was written, which nobody else can read', async () => {
    const [dir, keys] = [folder(), keyring()]
    await new SnapshotFile(dir, keys).write(snapshot)
    expect(new SnapshotFile(dir, keys).read()).toMatchObject({
      savedAtMs: snapshot.savedAtMs,
      identity: { version: '3' },
    })
    const path = join(dir, 'snapshot.bin')
    expect(readFileSync(path).includes('canary-name')).toBe(false)
    expect(statSync(path).mode & 0o077).toBe(0)
    expect(() => new SnapshotFile(dir, keyring()).read()).toThrow()
  })

  it('takes many resources a part at a time, and lets requests be served in between', async () => {
    const [dir, keys] = [folder(), keyring()]
    let [given, turns] = [0, 0]
    function* teams(): Generator<identityV1.IdentityResource> {
      for (; given < 5_003; given++) {
        yield {
          team: { id: `team-${given}`, organization: 'o', parent: '', models: { all: true, names: [] } },
        }
      }
    }
    const served = setInterval(() => turns++)
    await new SnapshotFile(dir, keys).write(snapshot, teams())
    clearInterval(served)
    const read = new SnapshotFile(dir, keys).read()
    expect(read?.identity).toMatchObject(mark)
    expect(read?.identity.upserts[0]).toMatchObject(snapshot.identity.upserts[0] ?? {})
    const ids = read?.identity.upserts.slice(1).map(({ team }) => team?.id)
    expect(ids).toEqual(Array.from({ length: 5_003 }, (_, index) => `team-${index}`))
    expect(turns).toBeGreaterThan(0)
  })

  it('has nothing at first, and refuses a damaged file', async () => {
    const [dir, keys] = [folder(), keyring()]
    expect(new SnapshotFile(dir, keys).read()).toBeUndefined()
    await new SnapshotFile(dir, keys).write(snapshot)
    const path = join(dir, 'snapshot.bin')
    const file = readFileSync(path)
    file[file.length - 20]! ^= 1
    writeFileSync(path, file)
    expect(() => new SnapshotFile(dir, keys).read()).toThrow()
    writeFileSync(path, file.subarray(0, 40))
    expect(() => new SnapshotFile(dir, keys).read()).toThrow()
  })
})
