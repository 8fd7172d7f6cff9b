import { describe, expect, it } from 'vitest'
import { findRestRoute } from './rest-routes.js'

describe('findRestRoute', () => {
  it.each([
    ['/v1/keys', 'identity'],
    ['/v1/keys/key_1/effective', 'identity'],
    ['/v1/workspaces', 'identity'],
    ['/v1/workspaces/ws_1', 'identity'],
    ['/v1/workspaces/ws_1/members', 'identity'],
    ['/v1/workspaces/ws_1/models', 'catalog'],
    ['/v1/workspaces/ws_1/models/gpt%2F4', 'catalog'],
    ['/v1/workspaces/models', 'identity'],
    ['/v1/workspaces//models', 'identity'],
    ['/v1/workspaces/ws_1/modelsmith', 'identity'],
    ['/v1/models/gpt', 'catalog'],
  ])('sends %s to %s', (path, service) => {
    expect(findRestRoute(path)?.service).toBe(service)
  })

  it.each(['/v1/keysmith', '/v1', '/V1/keys', '//v1/keys', '/v1/%6beys'])('knows no %s', (path) => {
    expect(findRestRoute(path)).toBeUndefined()
  })
})
