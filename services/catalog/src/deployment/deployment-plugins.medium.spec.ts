import { Keyring } from '@weir/secrets'
import { waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encryptionKeys, RunningCatalog } from '../testing/running-catalog.js'
import { Watcher } from '../testing/watcher.js'

interface Made {
  id: string
  plugins: { name: string; settings: Record<string, unknown> }[]
}

describe('plugins of a deployment', () => {
  let catalog: RunningCatalog
  beforeAll(async () => {
    catalog = await RunningCatalog.start()
    await catalog.create('/v1/providers', { name: 'sandbox', type: 'sandbox' })
    await catalog.create('/v1/models', { name: 'a', provider: 'sandbox', free: true })
  })
  afterAll(() => catalog.stop())

  let count = 0
  const body = (...plugins: object[]) => ({
    ...{ name: `plugged-${++count}`, workspace: 'prod', targets: [{ model: 'a' }], plugins },
  })
  const hook = { url: 'https://hook.example.com/x', timeout_ms: 500, on_failure: 'closed' }

  it('keep their order, and their secrets are sealed for the gateway and shown to nobody', async () => {
    const prompt = { name: 'system_prompt', settings: { text: 'Be brief.' } }
    const secret = 'canary-secret-of-a-webhook'
    const answer = await catalog.call(
      'POST',
      '/v1/deployments',
      body(prompt, { name: 'webhook', settings: { ...hook, secret } }),
    )
    const made = answer.body as unknown as Made
    expect(made.plugins).toEqual([prompt, { name: 'webhook', settings: hook }])
    expect(JSON.stringify(await catalog.call('GET', `/v1/deployments/${made.id}`))).not.toContain('canary')
    const watcher = new Watcher(catalog)
    const known = await waitFor(() => watcher.deployments.get(made.id))
    watcher.stop()
    const settings = JSON.parse(known.plugins[1]?.settingsJson ?? '{}') as Record<string, string>
    expect(settings['secret']).not.toContain('canary')
    const keyring = new Keyring(encryptionKeys)
    expect(keyring.unsealText(settings['secret'] ?? '', `deployment/${made.id}`)).toBe(secret)
    expect(() => keyring.unsealText(settings['secret'] ?? '', 'deployment/dep_other')).toThrow()
  })

  it.each([
    [{ name: 'constructor', settings: {} }, 'plugins.0.name'],
    [{ name: 'webhook', settings: hook }, 'plugins.0.settings.secret'],
    [
      { name: 'webhook', settings: { ...hook, url: 'http://169.254.169.254/', secret: 'x'.repeat(16) } },
      'plugins.0.settings.url',
    ],
    [
      { name: 'header_injection', settings: { headers: { 'x-a': 'b\r\nhost: c' } } },
      'plugins.0.settings.headers',
    ],
    [
      { name: 'header_injection', settings: { headers: { authorization: 'x' } } },
      'plugins.0.settings.headers',
    ],
    [{ name: 'pii_masking', settings: { detectors: ['mood'] } }, 'plugins.0.settings.detectors'],
  ])('refuse %j (threats 2 and 14)', async (plugin, field) => {
    const answer = await catalog.call('POST', '/v1/deployments', body(plugin))
    expect(answer.status).toBe(400)
    const fields = answer.body.error.errors?.map((mistake) => mistake.field) ?? [answer.body.error.param]
    expect(fields).toContain(field)
  })
})
