import { type EmbeddedPostgres, startPostgres } from '@weir/embedded-postgres'
import { waitFor } from '@weir/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningMetering } from './testing/running-metering.js'
import { settledEvent } from './testing/settled-event.js'

describe('metering, while PostgreSQL and with it the bus are away', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'weir-metering-outage-'))
  let postgres: EmbeddedPostgres
  let metering: RunningMetering

  const start = (port?: number) =>
    startPostgres({ dataDir, settings: { fsync: 'off' }, ...(port !== undefined && { port }) })

  beforeAll(async () => {
    postgres = await start()
    metering = await RunningMetering.start({ serverUrl: postgres.url })
  })

  afterAll(async () => {
    await metering.stop()
    await postgres.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  it('says what is missing, recovers by itself, and has counted everything once', async () => {
    const events = Array.from({ length: 400 }, (_, index) =>
      settledEvent({ virtualKey: `key_${index % 20}` }),
    )
    await metering.publish(events.slice(0, 200))
    const { port } = postgres
    postgres.kill()
    await postgres.exited
    expect(Object.keys(await metering.missing()).sort()).toEqual(['bus', 'database'])
    const reply = await metering.get('/v1/usage')
    expect(reply).toMatchObject({ status: 503, error: { code: 'service_unavailable' } })

    postgres = await start(port)
    await waitFor(async () => Object.keys(await metering.missing()).length === 0, { timeoutMs: 15_000 })
    await metering.publish(events)
    await metering.idle()
    expect(await metering.usage()).toMatchObject([{ requests: 400, attempts: 400, input_tokens: 40_000 }])
  })

  it('waits for the database when it starts before it', async () => {
    const { port } = postgres
    postgres.kill()
    await postgres.exited
    let isUp = false
    const replica = metering.addReplica().then(() => (isUp = true))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(isUp).toBe(false)
    postgres = await start(port)
    await replica
    await metering.publish([settledEvent({ team: 'late' })])
    await metering.idle()
    expect(await metering.usage('team=late')).toMatchObject([{ attempts: 1 }])
  })
})
