import { ConfigError, Env, ServiceConfig } from '@weir/config'
import { IsOptional, IsString } from 'class-validator'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { runService } from './service.js'

class Settings extends ServiceConfig {
  @Env('WEIR_TEST_WORD')
  @IsOptional()
  @IsString()
  word?: string
}

/** What `--validate` writes, and the status that it ends with. */
async function validate(check: (config: Settings) => void): Promise<{ status: number; text: string }> {
  let text = ''
  const write = (part: string | Uint8Array) => (text += String(part)).length > 0
  vi.spyOn(process.stdout, 'write').mockImplementation(write)
  vi.spyOn(process.stderr, 'write').mockImplementation(write)
  vi.spyOn(process, 'exit').mockImplementation((status) => {
    throw new Error(`exit ${status}`)
  })
  vi.stubGlobal('process', Object.assign(process, { argv: [...process.argv, '--validate'] }))
  vi.stubEnv('WEIR_INTERNAL_SECRET', 'canary-of-the-test'.repeat(3))
  const run = () => Promise.reject(new Error('It was started.'))
  const ended = await runService({ name: 'test', config: Settings, check, run }).catch(
    (error: Error) => error,
  )
  return { status: ended ? Number(/exit (\d)/.exec(ended.message)?.[1]) : 0, text }
}

describe('--validate', () => {
  const { argv } = process
  afterEach(() => {
    process.argv = argv
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
    vi.unstubAllGlobals()
  })

  it('shows the configuration without secrets, and starts nothing', async () => {
    const { status, text } = await validate(() => undefined)
    expect(status).toBe(0)
    expect(text).toContain('"WEIR_INTERNAL_SECRET": "(hidden)"')
    expect(text).not.toContain('canary')
  })

  it('finds what is wrong between settings', async () => {
    for (const error of [new ConfigError(['A needs B']), new Error('A needs B')]) {
      const { status, text } = await validate(() => {
        throw error
      })
      expect([status, text]).toEqual([1, expect.stringContaining('- A needs B')])
      process.argv = argv
    }
  })
})
