import { Client, type ClientConfig } from 'pg'
import type { BusLog } from '../bus.js'
import { backoffMs } from '../delivery.js'
import { atMost, pause } from '../pause.js'
import { reasonOf } from '../reason.js'
import { groupOnChannel, topicOnChannel } from './channels.js'
import type { Holding, Membership, Share } from './membership.js'
import { Signal } from './signal.js'

/** What a session tells the subscription, and asks it. */
export interface GroupListener {
  /** Partitions that it owns or still works on. */
  held(): Holding[]
  /** @returns whether it has all that it is to have. */
  onShare(share: Share): boolean
  onPublished(topic: string): void
  /** Others take this member for dead from now on, and its partitions for free. */
  onLost(): void
}

export interface GroupSessionOptions {
  client: ClientConfig
  membership: Membership
  group: string
  heartbeatMs: number
  leaseMs: number
  log: BusLog
  listener: GroupListener
}

/** The connection that keeps a member in its group and hears of what is published; connects again for ever. */
export class GroupSession {
  private readonly woken = new Signal()
  private readonly ended = new AbortController()
  private readonly running: Promise<void>
  private isRebalanceDue = true
  private isClosing = false
  private leaseEndsAt = 0

  constructor(private readonly options: GroupSessionOptions) {
    this.running = this.run()
  }

  /** Has the share looked at now: something was let go, or is wanted. */
  rebalance(): void {
    this.isRebalanceDue = true
    this.woken.raise()
  }

  /** Whether no other member can take this one for dead: checked before work begins, as a process may freeze. */
  hasLease(): boolean {
    return performance.now() < this.leaseEndsAt
  }

  /** From now on keeps its lease, and takes nothing new. */
  beginClose(): void {
    this.isClosing = true
  }

  /** Ends the connection. Does not leave the group. */
  async end(): Promise<void> {
    this.ended.abort()
    this.woken.raise()
    await this.running
  }

  private async run(): Promise<void> {
    const { client: config, group, log, listener } = this.options
    let failures = 0
    while (!this.ended.signal.aborted) {
      const client = new Client(config)
      const lost = new Promise<never>((_, reject) => {
        // More than one error can come from one connection, and an unheard one would end the process.
        client.on('error', reject)
        client.once('end', () => reject(new Error('the session has ended')))
      })
      lost.catch(() => undefined)
      try {
        await client.connect()
        client.on('notification', ({ channel, payload = '' }) => this.onNotification(channel, payload))
        await client.query(`LISTEN ${topicOnChannel}; LISTEN ${groupOnChannel}`)
        this.isRebalanceDue = true
        await this.stay(client, lost, () => (failures = 0))
      } catch (error) {
        failures++
        log.warn(
          { reason: reasonOf(error), group },
          'the bus in PostgreSQL is away or not provisioned, consuming waits',
        )
      }
      this.leaseEndsAt = 0
      listener.onLost()
      await atMost(1_000, client.end())
      if (failures > 0) await pause(backoffMs(failures), this.ended.signal)
    }
  }

  private async stay(client: Client, lost: Promise<never>, onBeat: () => void): Promise<void> {
    const { membership, listener, heartbeatMs } = this.options
    while (!this.ended.signal.aborted) {
      const seen = this.woken.count
      const askedAt = performance.now()
      const hasChanged = await Promise.race([lost, membership.beat(client)])
      if (!hasChanged) this.leaseEndsAt = askedAt + this.options.leaseMs
      if ((hasChanged || this.isRebalanceDue) && !this.isClosing) {
        this.isRebalanceDue = false
        const share = await Promise.race([lost, membership.rebalance(client, listener.held())])
        this.leaseEndsAt = askedAt + this.options.leaseMs
        if (!listener.onShare(share)) this.isRebalanceDue = true
      }
      onBeat()
      await Promise.race([lost, this.woken.wait(seen, heartbeatMs)])
    }
  }

  private onNotification(channel: string, payload: string): void {
    if (channel === topicOnChannel) this.options.listener.onPublished(payload)
    else if (payload === this.options.group) this.woken.raise()
  }
}
