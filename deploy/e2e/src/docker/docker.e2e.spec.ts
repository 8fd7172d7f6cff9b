import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readStages, runBuildStage } from './dockerfile.js'

interface ComposeService {
  build?: { dockerfile: string; args: { SERVICE: string } }
  environment?: Record<string, string>
  stop_grace_period?: string
  volumes?: string[]
}

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const run = promisify(execFile)
const names = ['identity', 'catalog', 'policy', 'metering', 'aggregator', 'gateway']

const secrets: Record<string, string> = {
  WEIR_POSTGRES_PASSWORD: 'p'.repeat(32),
  WEIR_INTERNAL_SECRET: 'i'.repeat(32),
  WEIR_MASTER_KEY: `mk_${'m'.repeat(32)}`,
  WEIR_ENCRYPTION_KEYS: `1:${randomBytes(32).toString('base64')}`,
  WEIR_KEY_PEPPER: randomBytes(32).toString('base64'),
}

/** `${NAME:-default}` and `${NAME:?message}`, as compose fills them in. */
function fillIn(value: string): string {
  return value.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind?: string, rest?: string) => {
    const set = secrets[name]
    if (set !== undefined) return set
    if (kind === '-') return rest ?? ''
    throw new Error(`docker-compose.yml needs ${name}, which make-env.sh does not write.`)
  })
}

describe('docker-compose.yml', () => {
  let services: Record<string, ComposeService>

  beforeAll(async () => {
    const text = await readFile(join(root, 'docker-compose.yml'), 'utf8')
    services = (parse(text, { merge: true }) as { services: Record<string, ComposeService> }).services
  })

  it('has every service, each an image of the one Dockerfile', () => {
    const built = Object.entries(services).filter(([, service]) => service.build)
    expect(built.map(([name]) => name).sort()).toEqual([...names].sort())
    for (const [name, service] of built) {
      expect(service.build?.args.SERVICE).toBe(name)
      expect(existsSync(join(root, service.build?.dockerfile ?? ''))).toBe(true)
    }
  })

  /** What a service makes of its environment, as it says it. */
  async function validate(name: string): Promise<string> {
    const environment = services[name]?.environment ?? {}
    const env = Object.fromEntries(
      Object.entries(environment).map(([variable, value]) => [variable, fillIn(value)]),
    )
    const main = join(root, `services/${name}/dist/main.js`)
    return (await run(process.execPath, [main, '--validate'], { env })).stdout
  }

  it.each(names)('gives %s an environment that it finds complete and valid', async (name) => {
    const printed = await validate(name)
    expect(JSON.parse(printed)).toMatchObject({ WEIR_METRICS_PORT: 9464 })
    for (const secret of Object.values(secrets)) expect(printed).not.toContain(secret)
  })

  it('lets the gateway finish what it drains before it is killed', async () => {
    const { WEIR_DRAIN_MS: drainMs } = JSON.parse(await validate('gateway')) as { WEIR_DRAIN_MS: number }
    const grace = /^(\d+)s$/.exec(fillIn(services['gateway']?.stop_grace_period ?? ''))?.[1]
    // What a service has for closing besides.
    expect(Number(grace) * 1_000).toBeGreaterThan(drainMs + 15_000)
  })

  it('keeps the gateway’s journal on a volume', () => {
    const folder = services['gateway']?.environment?.['WEIR_DATA_DIR']
    expect(services['gateway']?.volumes).toContain(`gateway:${folder}`)
  })

  it('has secrets that make-env.sh writes, all of them', async () => {
    const script = await readFile(join(root, 'deploy/docker/make-env.sh'), 'utf8')
    const written = [...script.matchAll(/^(WEIR_\w+)=/gm)].map((match) => match[1])
    expect(written.sort()).toEqual(Object.keys(secrets).sort())
  })
})

describe('the Dockerfile', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weir-image-'))
    const [build] = readStages(await readFile(join(root, 'deploy/docker/Dockerfile'), 'utf8'))
    await runBuildStage(build ?? [], { context: root, folder })
  }, 240_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('builds services that start with production packages alone', async () => {
    expect(existsSync(join(folder, 'node_modules/vitest'))).toBe(false)
    expect(existsSync(join(folder, 'node_modules/typescript'))).toBe(false)
    for (const name of names) {
      const main = join(folder, `services/${name}/dist/main.js`)
      // Every import is resolved before the configuration is found to be missing.
      const failure = run(process.execPath, [main], { env: {} })
      await expect(failure).rejects.toMatchObject({
        stderr: expect.stringContaining('WEIR_INTERNAL_SECRET is not set') as string,
      })
    }
  })
})
