import { describe, expect, it } from 'vitest'
import type { Upstream, UpstreamRequest } from '../upstream/upstream.js'
import { postOver } from './post.js'

describe('what a plugin posts', () => {
  it.each([
    ['https://hooks.example', 'https://hooks.example', '/'],
    ['https://hooks.example/', 'https://hooks.example', '/'],
    ['https://hooks.example:8443/agree/', 'https://hooks.example:8443', '/agree/'],
    ['https://hooks.example/a/b', 'https://hooks.example', '/a/b'],
  ])('goes to the address as it stands: %s', async (url, baseUrl, path) => {
    const calls: UpstreamRequest[] = []
    const upstream: Upstream = {
      call(request, handler) {
        calls.push(request)
        setImmediate(() => {
          handler.onHead(204, {})
          handler.onEnd()
        })
        return { abort: () => undefined, pause: () => undefined, resume: () => undefined }
      },
    }
    await postOver(upstream)({ url, headers: {}, body: '{}', timeoutMs: 1_000 })
    expect(calls).toMatchObject([{ baseUrl, path }])
  })
})
