import { startWeir, type Weir } from '@weir/local'
import { waitFor } from '@weir/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileCache } from '../stack/compile-cache.js'
import { Factory } from '../stack/factory.js'
import { Management } from '../stack/management.js'
import { Collector } from './collector.js'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const callerSpanId = 'b7ad6b7169203331'

describe('traces', () => {
  const home = mkdtempSync(join(tmpdir(), 'weir-tracing-'))
  const collector = new Collector()
  let weir: Weir

  beforeAll(async () => {
    const endpoint = await collector.listen()
    weir = await startWeir({
      home,
      port: 0,
      env: {
        ...{ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_SCHEDULE_DELAY: '200' },
        NODE_COMPILE_CACHE: compileCache,
      },
      quiet: true,
    })
  })

  afterAll(async () => {
    await weir.stop()
    collector.close()
    rmSync(home, { recursive: true, force: true })
  })

  it('follow a request from its caller through gRPC and the bus to the rollup', async () => {
    const factory = new Factory(new Management(weir.url, weir.masterKey))
    const [team, workspace, provider] = await Promise.all([
      factory.createTeam(),
      factory.createWorkspace(),
      factory.createSandbox(),
    ])
    const model = await factory.createModel({ provider: provider.id })
    const key = await factory.createVirtualKey({ workspace: workspace.id, team: team.id })

    const response = await fetch(`${weir.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key.key}`, traceparent: `00-${traceId}-${callerSpanId}-01` },
      body: JSON.stringify({ model: model.name, messages: [{ role: 'user', content: 'hello' }] }),
    })
    expect(response.status).toBe(200)

    const mine = () => collector.spans.filter((span) => span.traceId === traceId)
    const services = () => new Set(mine().map((span) => span.service))
    await waitFor(
      () =>
        services().has('weir-aggregator') &&
        services().has('weir-gateway') &&
        services().has('weir-metering'),
      {
        what: 'the spans of gateway, metering and aggregator',
        timeoutMs: 20_000,
      },
    )
    expect(mine().find((span) => span.service === 'weir-gateway')?.parentSpanId).toBe(callerSpanId)
    const known = new Set([callerSpanId, ...mine().map((span) => span.spanId)])
    expect(mine().filter((span) => !known.has(span.parentSpanId))).toEqual([])
  })

  it('follow a management call through the gateway to its service and over gRPC to the next', async () => {
    const trace = 'aaaabbbbccccddddeeeeffff00001111'
    const management = new Management(weir.url, weir.masterKey)
    const workspace = await new Factory(management).createWorkspace()
    const response = await fetch(`${weir.url}/v1/workspaces/${workspace.id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${weir.masterKey}`, traceparent: `00-${trace}-${callerSpanId}-01` },
    })
    expect(response.status).toBe(204)
    // Identity asks the catalog what the workspace is used by.
    await waitFor(
      () => {
        const services = new Set(
          collector.spans.filter((span) => span.traceId === trace).map((span) => span.service),
        )
        return services.has('weir-identity') && services.has('weir-catalog')
      },
      { what: 'the spans of identity and catalog', timeoutMs: 20_000 },
    )
  })
})
