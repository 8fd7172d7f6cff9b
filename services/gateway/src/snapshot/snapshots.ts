import { catalogV1, createGrpcClient, identityV1, type InternalTrust, policyV1 } from '@weir/contracts'
import { gauge, type Logger } from '@weir/observability'
import type { Keyring } from '@weir/secrets'
import type { GatewayConfig } from '../config.js'
import { CatalogState } from './catalog-state.js'
import { IdentityState } from './identity-state.js'
import { KeyResolver } from './key-resolver.js'
import { KeyUses } from './key-uses.js'
import { PolicyState } from './policy-state.js'
import { SnapshotFile } from './snapshot-file.js'
import { type WatchBatch, Watcher } from './watcher.js'

const saveDelayMs = 200

/** After which a snapshot that the disk refused is written again. */
const saveRetryMs = 5_000

/** Writing takes longer the more keys there are; at most this share of the time is spent on it. */
const saveShare = 0.05

/**
 * Everything that the hot path needs to know, in memory: kept current by three watch streams, kept
 * on disk so that the gateway starts and serves while all others are down.
 */
export class Snapshots {
  readonly identity: Watcher<identityV1.IdentityResource, IdentityState>
  readonly catalog: Watcher<catalogV1.CatalogResource, CatalogState>
  readonly policy: Watcher<policyV1.PolicyScope, PolicyState>
  readonly keys: KeyResolver
  readonly keyUses: KeyUses
  private readonly clients: { close(): void }[]
  private readonly file: SnapshotFile
  private unsaved = false
  private saveTimer: NodeJS.Timeout | undefined
  private saving: Promise<void> | undefined
  private lastSaveMs = 0
  private closed = false

  constructor(
    config: GatewayConfig & InternalTrust,
    keyring: Keyring,
    private readonly logger: Logger,
  ) {
    const identity = createGrpcClient(identityV1.IdentitySnapshotServiceService, config.identityGrpc, config)
    const virtualKeys = createGrpcClient(identityV1.VirtualKeyServiceService, config.identityGrpc, config)
    const catalog = createGrpcClient(catalogV1.CatalogSnapshotServiceService, config.catalogGrpc, config)
    const policy = createGrpcClient(policyV1.PolicySnapshotServiceService, config.policyGrpc, config)
    this.clients = [identity, virtualKeys, catalog, policy]
    this.file = new SnapshotFile(config.dataDir, keyring)

    this.identity = new Watcher({
      name: 'identity',
      createState: () => new IdentityState(),
      open: (from) => identity.watchIdentity(from),
      onApplied: (batch) => {
        this.identity.state.forgetVersionsUpTo(BigInt(batch.version))
        this.saveSoon(batch)
      },
      logger,
    })
    this.catalog = new Watcher({
      name: 'catalog',
      createState: () =>
        new CatalogState(keyring, (provider, error) =>
          logger.error(
            { err: error, provider },
            'A credential cannot be unsealed: WEIR_ENCRYPTION_KEYS differs from the catalog’s.',
          ),
        ),
      open: (from) => catalog.watchCatalog(from),
      onApplied: (batch) => this.saveSoon(batch),
      logger,
    })
    this.policy = new Watcher({
      name: 'policy',
      createState: () => new PolicyState(),
      open: (from) => policy.watchPolicies(from),
      onApplied: (batch) => this.saveSoon(batch),
      logger,
    })
    this.keys = new KeyResolver(
      this.identity,
      (hash) => virtualKeys.resolveVirtualKey({ hash }),
      config.keyLookupsPerSecond,
    )
    this.keyUses = new KeyUses((uses) => virtualKeys.reportVirtualKeyUses(uses), logger)
    this.exportMetrics()
  }

  /** Loads the last snapshot from disk, when there is a usable one, and starts to watch. */
  start(): void {
    try {
      const saved = this.file.read()
      if (saved) {
        this.identity.load(saved.identity)
        this.catalog.load(saved.catalog)
        this.policy.load(saved.policy)
        this.logger.info(
          { virtual_keys: this.identity.state.keyCount, saved_at: new Date(saved.savedAtMs) },
          'Loaded the last snapshot.',
        )
      }
    } catch (error) {
      this.logger.error({ err: error }, 'The last snapshot cannot be read; waiting for the services instead.')
    }
    for (const watcher of [this.identity, this.catalog, this.policy]) watcher.start()
  }

  /** What a request would lack now; undefined when all is there. */
  missing(maxAgeMs: number): string | undefined {
    const { identity, catalog, policy } = this
    if (!identity.loaded || !catalog.loaded || !policy.loaded) {
      const absent = Object.entries({ identity, catalog, policy }).filter(([, watcher]) => !watcher.loaded)
      return `no snapshot from ${absent.map(([name]) => name).join(', ')} yet, and none on disk`
    }
    if (maxAgeMs > 0 && this.ageMs() > maxAgeMs) {
      return `the snapshot is ${Math.round(this.ageMs() / 1000)} s old, more than WEIR_SNAPSHOT_MAX_AGE_MS allows`
    }
    return undefined
  }

  /** How long ago the eldest part was known to be current; from the start when only disk has been read. */
  ageMs(): number {
    const currentAt = [this.identity, this.catalog, this.policy].map(
      (watcher) => watcher.currentAtMs || startedAtMs,
    )
    return Date.now() - Math.min(...currentAt)
  }

  async close(): Promise<void> {
    this.closed = true
    for (const watcher of [this.identity, this.catalog, this.policy]) watcher.close()
    clearTimeout(this.saveTimer)
    await this.keyUses.close()
    await this.saving
    if (this.identity.loaded && this.catalog.loaded && this.policy.loaded) await this.save()
    for (const client of this.clients) client.close()
  }

  /** A heartbeat changes nothing and is not worth a write. */
  private saveSoon(batch: WatchBatch<unknown>): void {
    // Kept until it can be saved: what ends a whole state may itself be a heartbeat.
    this.unsaved ||= batch.reset || batch.upserts.length > 0 || batch.removals.length > 0
    if (!this.unsaved || !this.identity.loaded || !this.catalog.loaded || !this.policy.loaded) return
    this.unsaved = false
    this.saveAfter(Math.max(saveDelayMs, this.lastSaveMs / saveShare))
  }

  /** One at a time: two would write to one file. */
  private saveAfter(delayMs: number): void {
    if (this.closed) return
    this.saveTimer ??= setTimeout(() => {
      this.saveTimer = undefined
      this.saving = Promise.resolve(this.saving).then(() => this.save())
    }, delayMs)
  }

  private async save(): Promise<void> {
    const startedAt = performance.now()
    try {
      const { epoch, version, state } = this.identity
      const identity = {
        epoch,
        version: String(version),
        reset: true,
        synced: true,
        upserts: [],
        removals: [],
      }
      const saved = {
        savedAtMs: Date.now(),
        identity,
        catalog: this.catalog.save(),
        policy: this.policy.save(),
      }
      await this.file.write(saved, state.each())
    } catch (error) {
      this.logger.error(
        { err: error },
        'The snapshot cannot be written: a restart would serve from an older one. Check the disk of WEIR_DATA_DIR.',
      )
      this.saveAfter(saveRetryMs)
    }
    this.lastSaveMs = performance.now() - startedAt
  }

  private exportMetrics(): void {
    gauge(
      'weir_snapshot_age_seconds',
      'Time since the eldest part of the snapshot was known to be current.',
      [],
      (self) => self.set(this.ageMs() / 1000),
    )
    gauge('weir_snapshot_virtual_keys', 'Virtual keys in the snapshot.', [], (self) =>
      self.set(this.identity.state.keyCount),
    )
  }
}

const startedAtMs = Date.now()
