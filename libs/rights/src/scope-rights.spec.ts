import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  findDeploymentRefusal,
  findModelRefusal,
  findPlaceRefusal,
  findRepositoryModelRefusal,
  type KeyRights,
  toError,
  toModelSet,
} from './index.js'

const key = (change: Partial<KeyRights> = {}): KeyRights => ({
  ...{ id: 'key_1', type: 'llm', disabled: false, expiresAtMs: 0, workspace: 'ws_1' },
  ...{ workload: '', team: 'sales', models: toModelSet(null), endpoints: [], sources: undefined },
  ...change,
})
const repository = { name: 'research', workspace: 'ws_1', providers: new Set(['prov_1']) }
const plain = { path: '/v1/chat/completions', repositoryName: undefined, repository: undefined }
const below = { path: '/r/research/v1/chat/completions', repositoryName: 'research', repository }

describe('where a key works', () => {
  it('is everywhere in its workspace unless it says so', () => {
    expect(findPlaceRefusal(key(), plain)).toBeUndefined()
    expect(findPlaceRefusal(key(), below)).toBeUndefined()
  })

  it('is only below its repositories when it has some, and below none when it has an empty list', () => {
    const some = key({ repositories: new Set(['research']) })
    expect(findPlaceRefusal(some, below)).toBeUndefined()
    expect(findPlaceRefusal(some, plain)).toMatchObject({ code: 'endpoint_not_allowed' })
    expect(findPlaceRefusal(key({ repositories: new Set(['other']) }), below)).toMatchObject({
      code: 'endpoint_not_allowed',
    })
    const none = key({ repositories: new Set() })
    expect(findPlaceRefusal(none, plain)).toBeUndefined()
    expect(findPlaceRefusal(none, below)).toMatchObject({ code: 'endpoint_not_allowed' })
  })

  it('says where it works instead', () => {
    const refused = findPlaceRefusal(key({ repositories: new Set(['a', 'b']) }), plain)
    expect(refused && toError(refused).message).toContain('it works only below /r/a/v1, /r/b/v1')
  })

  it('is not below what is not there, nor below what belongs to another workspace', () => {
    const gone = { ...below, repository: undefined }
    const foreign = { ...below, repository: { ...repository, workspace: 'ws_2' } }
    for (const place of [gone, foreign]) {
      expect(findPlaceRefusal(key(), place)).toMatchObject({ code: 'repository_not_found' })
      expect(findPlaceRefusal(key({ repositories: new Set(['research']) }), place)).toMatchObject({
        code: 'repository_not_found',
      })
    }
  })

  it('finds below a repository the models of its providers alone', () => {
    expect(findRepositoryModelRefusal(repository, { name: 'm', providerId: 'prov_1' })).toBeUndefined()
    expect(findRepositoryModelRefusal(repository, { name: 'm', providerId: 'prov_2' })).toMatchObject({
      code: 'model_not_found',
    })
  })
})

describe('what a key may call', () => {
  const models = fc.option(fc.oneof(fc.subarray(['a', 'b']), fc.constant(['*'])), { nil: null })
  const names = fc.option(fc.subarray(['d', 'e']), { nil: null })
  const world = fc.record({
    models,
    workload: fc.option(models, { nil: undefined }),
    team: models,
    deployments: names,
    deployment: fc.constantFrom('d', 'e'),
    workspace: fc.constantFrom('ws_1', 'ws_2'),
    target: fc.constantFrom('a', 'b'),
  })
  const allows = (list: readonly string[] | null, name: string) =>
    list === null || list.includes('*') || list.includes(name)

  it('is a deployment that it names, with targets that workload and team may use', () => {
    fc.assert(
      fc.property(world, ({ models, workload, team, deployments, deployment, workspace, target }) => {
        const rights = key({
          models: toModelSet(models),
          deployments: deployments ? new Set(deployments) : undefined,
          workload: workload === undefined ? '' : 'bot',
        })
        const isCallable = workspace === 'ws_1' && (deployments === null || deployments.includes(deployment))
        const refused = findDeploymentRefusal(rights, { name: deployment, workspace })
        expect(refused?.code).toBe(isCallable ? undefined : 'deployment_not_allowed')

        const governance = {
          key: rights,
          workload: workload === undefined ? undefined : { models: toModelSet(workload) },
          team: { path: 'sales', models: [toModelSet(team)] },
        }
        const use = {
          ...{ name: target, model: { name: target, free: true, prices: [] }, providerId: 'p', nowMs: 1 },
          provider: { name: 'p', type: 'sandbox', workspace: '', hasCredential: false },
          ...{ isWhitelisted: false, entry: undefined },
        }
        const others = allows(team, target) && (workload === undefined || allows(workload, target))
        const direct = findModelRefusal(governance, use)
        expect(direct?.code).toBe(allows(models, target) && others ? undefined : 'model_not_allowed')
        const isKeyAsked = deployments === null && models !== null && models.length > 0
        const viaDeployment = findModelRefusal(governance, { ...use, viaDeployment: true })
        const expected = others && (!isKeyAsked || allows(models, target))
        expect(viaDeployment?.code).toBe(expected ? undefined : 'model_not_allowed')
      }),
      { numRuns: 2_000 },
    )
  })

  it('never grows by a list that is added', () => {
    fc.assert(
      fc.property(world, ({ models, deployments, deployment, workspace }) => {
        const wide = key({ models: toModelSet(models) })
        const narrow = key({ models: toModelSet(models), deployments: new Set(deployments ?? []) })
        const facts = { name: deployment, workspace }
        if (findDeploymentRefusal(wide, facts)) expect(findDeploymentRefusal(narrow, facts)).toBeDefined()
      }),
    )
  })
})
