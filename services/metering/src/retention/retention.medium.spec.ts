import { Server } from '@grpc/grpc-js'
import { identityV1, serverCredentials } from '@weir/contracts'
import { waitFor } from '@weir/testing'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningMetering } from '../testing/running-metering.js'
import { settledEvent } from '../testing/settled-event.js'

const day = 86_400_000

/** Identity as far as it is asked here. */
class FakeIdentity {
  address = ''
  readonly days = new Map<string, number>()
  readonly gone = new Set<string>()
  private server = new Server()

  async start(): Promise<void> {
    this.server.addService(identityV1.ReferenceServiceService, {
      listRetentions: (
        { request }: { request: identityV1.ListRetentionsRequest },
        reply: (error: null, response: identityV1.ListRetentionsResponse) => void,
      ) => {
        // One a page, so that there are several.
        const next = [...this.days].sort().find(([workspace]) => workspace > request.afterWorkspace)
        const retentions = next ? [{ organization: 'org_default', workspace: next[0], days: next[1] }] : []
        reply(null, { retentions })
      },
      findGoneWorkspaces: (
        { request }: { request: identityV1.FindGoneWorkspacesRequest },
        reply: (error: null, response: identityV1.FindGoneWorkspacesResponse) => void,
      ) => reply(null, { workspaces: request.workspaces.filter((id) => this.gone.has(id)) }),
    })
    const port = await new Promise<number>((resolve, reject) => {
      const credentials = serverCredentials({ internalSecret: 's'.repeat(32) })
      this.server.bindAsync(this.address || '127.0.0.1:0', credentials, (error, port) =>
        error ? reject(error) : resolve(port),
      )
    })
    this.address = `127.0.0.1:${port}`
  }

  stop(): void {
    this.server.forceShutdown()
    this.server = new Server()
  }
}

describe('retention', () => {
  const identity = new FakeIdentity()
  let metering: RunningMetering

  beforeAll(async () => {
    await identity.start()
    const config = { identityGrpc: identity.address, retentionSweepMs: 100 }
    metering = await RunningMetering.start({ config })
  })
  afterAll(async () => {
    await metering.stop()
    identity.stop()
  })

  /** Attempts of so many days ago, which have lain here long enough. */
  const record = async (workspace: string, ...daysAgo: number[]) => {
    const events = daysAgo.map((days) => {
      const startedAt = new Date(Date.now() - days * day).toISOString()
      return settledEvent({ workspace, startedAt, endedAt: startedAt })
    })
    await metering.publish(events)
    await metering.idle()
    await metering.sql.query(`UPDATE ledger SET rated_at = started_at WHERE workspace = $1`, [workspace])
  }
  const count = async (workspace: string) => {
    const { rows } = await metering.sql.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM ledger WHERE workspace = $1`,
      [workspace],
    )
    return rows[0]?.count
  }
  const has = (workspace: string, wanted: number) =>
    waitFor(async () => (await count(workspace)) === wanted, { what: `${wanted} requests of ${workspace}` })

  it('deletes the requests of a workspace that are older, of no other, and no sums', async () => {
    await record('ws_week', 1, 6, 9, 10, 30)
    await record('ws_ever', 1, 400)
    identity.days.set('ws_week', 7)
    identity.days.set('ws_zero', 1)
    await has('ws_week', 2)
    await sleep(300)
    expect([await count('ws_week'), await count('ws_ever')]).toEqual([2, 2])
    const { rows } = await metering.sql.query<{ requests: string }>(
      `SELECT sum(requests) AS requests FROM usage_hourly WHERE workspace = 'ws_week'`,
    )
    expect(rows[0]?.requests).toBe('5')
  })

  it('shows nothing of what is over, and keeps it while copies may come, so that no event counts twice', async () => {
    const [late, fresh] = [5, 0.5].map((days) => {
      const startedAt = new Date(Date.now() - days * day).toISOString()
      return settledEvent({ workspace: 'ws_late', startedAt, endedAt: startedAt })
    })
    if (!late || !fresh) throw new Error('There are two.')
    const shown = async (query = '') =>
      (await metering.get<{ event_id: string }>(`/v1/requests?workspace=ws_late&start=2026-01-01${query}`))
        .data
    await metering.publish([late, fresh])
    await metering.idle()
    expect(await shown()).toHaveLength(2)
    identity.days.set('ws_late', 1)
    await waitFor(async () => (await shown()).length === 1)
    expect(await shown()).toMatchObject([{ request_id: fresh.requestId }])
    expect((await metering.get(`/v1/requests/${late.requestId}`)).status).toBe(404)
    await metering.publish([late])
    await metering.idle()
    await sleep(300)
    expect(await count('ws_late')).toBe(2)
  })

  it('holds while identity is away', async () => {
    identity.days.set('ws_away', 3)
    await waitFor(async () => {
      const { rows } = await metering.sql.query(`SELECT FROM retention WHERE workspace = 'ws_away'`)
      return rows.length === 1
    })
    identity.stop()
    await record('ws_away', 2, 14)
    await has('ws_away', 1)
    await identity.start()
  })

  it('ends when it is removed, and stays when its workspace is gone for good', async () => {
    identity.days.set('ws_freed', 3).set('ws_gone', 3)
    const remembered = async () => {
      const { rows } = await metering.sql.query<{ workspace: string }>(`SELECT workspace FROM retention`)
      return rows.map(({ workspace }) => workspace)
    }
    await waitFor(async () => (await remembered()).includes('ws_gone'), { timeoutMs: 20_000 })
    identity.gone.add('ws_gone')
    identity.days.delete('ws_freed')
    identity.days.delete('ws_gone')
    await waitFor(async () => !(await remembered()).includes('ws_freed'))
    expect(await remembered()).toContain('ws_gone')
    await record('ws_freed', 9)
    await record('ws_gone', 9)
    await has('ws_gone', 0)
    expect(await count('ws_freed')).toBe(1)
  })
})
