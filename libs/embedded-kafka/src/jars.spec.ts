import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { kafkaVersion, resolveJars, whyNoKafka } from './jars.js'

/** Programs of a machine that is made up. */
describe('resolveJars', () => {
  let folder: string
  let cache: string

  const program = (name: string, script: string): void => {
    const path = join(folder, 'bin', name)
    writeFileSync(path, `#!/bin/sh\n${script}\n`)
    chmodSync(path, 0o755)
  }
  const java = (version: string): void =>
    program('java', `echo 'openjdk version "${version}" 2025-04-15' >&2`)
  /** `$6` is `-DoutputDirectory=…`. */
  const goodMaven = `/bin/mkdir "\${6#-DoutputDirectory=}" && echo x > "\${6#-DoutputDirectory=}/kafka.jar"`

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-jars-'))
    cache = join(folder, 'cache')
    mkdirSync(join(folder, 'bin'))
    vi.stubEnv('PATH', join(folder, 'bin'))
    vi.stubEnv('XDG_CACHE_HOME', cache)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  })

  it('says that Java is missing', async () => {
    expect(await whyNoKafka()).toMatch(/^Java is not on the PATH: .* needs Java 17 or later; install it\.$/)
  })

  it.each(['1.8.0_392', '11.0.2'])('says that Java %s is too old', async (version) => {
    java(version)
    expect(await whyNoKafka()).toMatch(/^Java (8|11) is on the PATH, but .* needs Java 17 or later/)
  })

  it('says that Maven is missing', async () => {
    java('17.0.15')
    expect(await whyNoKafka()).toMatch(/^Maven \(mvn\) is not on the PATH/)
  })

  it('says what Maven complained of, and leaves nothing half done', async () => {
    java('21')
    program('mvn', `${goodMaven}; echo '[ERROR] no such artifact'; exit 1`)
    expect(await whyNoKafka()).toMatch(/Maven could not fetch .*no such artifact/)
    expect(readdirSync(join(cache, 'weir'))).toEqual([])
  })

  it('fetches the jars once, also when several ask at once, and then needs no Maven', async () => {
    java('17.0.15')
    program('mvn', goodMaven)
    const [first, second] = await Promise.all([resolveJars(), resolveJars()])
    expect(first).toBe(join(cache, 'weir', `kafka-${kafkaVersion}`))
    expect(second).toBe(first)
    expect(existsSync(join(first, 'kafka.jar'))).toBe(true)
    expect(readdirSync(join(cache, 'weir'))).toEqual([`kafka-${kafkaVersion}`])
    rmSync(join(folder, 'bin', 'mvn'))
    expect(await resolveJars()).toBe(first)
  })
})
