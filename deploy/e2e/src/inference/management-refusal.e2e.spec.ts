import type { ErrorCode } from '@weir/errors'
import { beforeAll, describe, it } from 'vitest'
import { type ErrorBody, sendRefused } from '../stack/client.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'
import { check } from './raised.js'

let weir: SharedWeir
let scene: Scene

beforeAll(async () => {
  weir = await useWeir()
  scene = await createScene(weir)
})

describe('management', () => {
  it.each<[ErrorCode, string, string, object | undefined, RegExp]>([
    [
      'organization_not_found',
      'GET',
      '/v1/organizations/org_nobody',
      undefined,
      /no organization `org_nobody`/,
    ],
    ['team_not_found', 'GET', '/v1/teams/nobody', undefined, /no team `nobody`/],
    ['workspace_not_found', 'GET', '/v1/workspaces/nothing', undefined, /no workspace `nothing`/],
    ['workload_not_found', 'PATCH', '/v1/workloads/nothing', { name: 'x' }, /no workload `nothing`/],
    ['key_not_found', 'DELETE', '/v1/keys/key_nothing', undefined, /no virtual key/],
    ['provider_not_found', 'GET', '/v1/providers/nothing', undefined, /no provider `nothing`/],
    ['model_not_found', 'GET', '/v1/models/nothing', undefined, /no model `nothing`/],
    ['request_not_found', 'GET', '/v1/requests/nothing', undefined, /no attempt of a request `nothing`/],
    ['invalid_request', 'POST', '/v1/teams', { name: '-', spend: 1 }, /(?=.*name: )(?=.*spend: )/],
    ['route_not_found', 'GET', '/v1/teams/x/y/z', undefined, /no route GET/],
  ])('says %s', async (code, method, path, fields, says) => {
    const { status, body } = await weir.management.send(method, path, fields)
    check({ status, ...(body as { error: ErrorBody }).error }, code, says)
  })

  it('says that a name is taken, and what still uses what should go', async () => {
    const again = await weir.management.send('POST', '/v1/teams', { name: scene.team.id })
    check(
      { status: again.status, ...(again.body as { error: ErrorBody }).error },
      'already_exists',
      /Choose another name/,
    )
    for (const path of [
      `/v1/teams/${scene.team.id}`,
      `/v1/workloads/${scene.workload.id}`,
      `/v1/providers/${scene.provider.id}`,
    ]) {
      const { status, body } = await weir.management.send('DELETE', path)
      check({ status, ...(body as { error: ErrorBody }).error }, 'in_use', /in use by .*(key|model)/)
    }
  })

  it('says that a body is too large', async () => {
    for (const length of [2, 20]) {
      const { status, body } = await weir.management.send('POST', '/v1/teams', {
        name: 'x'.repeat(length * 1024 * 1024),
      })
      check({ status, ...(body as { error: ErrorBody }).error }, 'request_too_large', /larger than 1 MiB/)
    }
  })

  it('takes the master key only', async () => {
    const ask = (key?: string) =>
      sendRefused({ url: weir.url, path: '/v1/teams', method: 'GET', ...(key && { key }) })
    const none = await ask()
    check({ status: none.status, ...none.error }, 'missing_api_key', /No API key was sent/)
    const wrong = await ask(`${weir.masterKey}x`)
    check({ status: wrong.status, ...wrong.error }, 'invalid_api_key', /not known here/)
    const virtual = await ask(scene.key)
    check({ status: virtual.status, ...virtual.error }, 'endpoint_not_allowed', /takes the master key/)
  })
})
