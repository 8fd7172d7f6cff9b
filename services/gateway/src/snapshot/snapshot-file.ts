import { catalogV1, identityV1, policyV1 } from '@weir/contracts'
import type { Keyring } from '@weir/secrets'
import { setImmediate } from 'node:timers/promises'
import { KeptFile } from '../kept-file.js'

/** What is kept: each part as its watch stream would send it whole. */
export interface SavedSnapshot {
  identity: identityV1.WatchIdentityResponse
  catalog: catalogV1.WatchCatalogResponse
  policy: policyV1.WatchPoliciesResponse
  /** When it was current, milliseconds since 1970. */
  savedAtMs: number
}

const magic = Buffer.from('WEIRSNAP1')
const context = 'gateway snapshot'

/** Parts with their lengths before them. */
function join4(parts: Uint8Array[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(part.length)
      return [length, part]
    }),
  )
}

function split4(buffer: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0; at < buffer.length;) {
    const length = buffer.readUInt32LE(at)
    parts.push(buffer.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return parts
}

/** So many are encoded in about a millisecond, in which no request is served. */
const resourcesAtOnce = 500

const nothing = { epoch: '', version: '0', reset: false, synced: false, upserts: [], removals: [] }

/** Messages of one type, one after the other, are read as one message with the lists of all. */
async function encodeIdentity(
  head: identityV1.WatchIdentityResponse,
  resources: Iterable<identityV1.IdentityResource>,
): Promise<Buffer> {
  const parts = [identityV1.WatchIdentityResponse.encode(head).finish()]
  let upserts: identityV1.IdentityResource[] = []
  const encode = () => {
    parts.push(identityV1.WatchIdentityResponse.encode({ ...nothing, upserts }).finish())
    upserts = []
  }
  for (const resource of resources) {
    upserts.push(resource)
    if (upserts.length < resourcesAtOnce) continue
    encode()
    await setImmediate()
  }
  encode()
  return Buffer.concat(parts)
}

/** The last snapshot on the gateway's disk, encrypted, so that a restart needs no other service. */
export class SnapshotFile {
  private readonly file: KeptFile

  constructor(
    dataDir: string,
    private readonly keyring: Keyring,
  ) {
    this.file = new KeptFile(dataDir, 'snapshot.bin')
  }

  /** Undefined when there is none. Throws when it is damaged or sealed with a key that is not there. */
  read(): SavedSnapshot | undefined {
    const file = this.file.read()
    if (!file) return undefined
    if (!file.subarray(0, magic.length).equals(magic))
      throw new Error('It is not a snapshot of this version.')
    const [version, wrappedKey, ciphertext] = split4(file.subarray(magic.length))
    if (!version || !wrappedKey || !ciphertext) throw new Error('It is cut off.')
    const plain = this.keyring.unseal({ keyVersion: version.readUInt32LE(), wrappedKey, ciphertext }, context)
    const [savedAt, identity, catalog, policy] = split4(plain)
    if (!savedAt || !identity || !catalog || !policy) throw new Error('It is cut off.')
    return {
      savedAtMs: Number(savedAt.readBigUInt64LE()),
      identity: identityV1.WatchIdentityResponse.decode(identity),
      catalog: catalogV1.WatchCatalogResponse.decode(catalog),
      // Files of versions that had no policies do not say that they are whole.
      policy: { ...policyV1.WatchPoliciesResponse.decode(policy), reset: true, synced: true },
    }
  }

  /**
   * `resources`: those of identity that are not in `snapshot` itself, a part at a time, since there may
   * be a million virtual keys. What changes meanwhile comes again after a restart: it is newer than the
   * snapshot's version.
   */
  async write(snapshot: SavedSnapshot, resources: Iterable<identityV1.IdentityResource> = []): Promise<void> {
    const savedAt = Buffer.alloc(8)
    savedAt.writeBigUInt64LE(BigInt(snapshot.savedAtMs))
    const plain = join4([
      savedAt,
      await encodeIdentity(snapshot.identity, resources),
      catalogV1.WatchCatalogResponse.encode(snapshot.catalog).finish(),
      policyV1.WatchPoliciesResponse.encode(snapshot.policy).finish(),
    ])
    const sealed = this.keyring.seal(plain, context)
    const version = Buffer.alloc(4)
    version.writeUInt32LE(sealed.keyVersion)
    await this.file.write(Buffer.concat([magic, join4([version, sealed.wrappedKey, sealed.ciphertext])]))
  }
}
