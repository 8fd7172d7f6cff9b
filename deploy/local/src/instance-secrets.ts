import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Home, writePrivately } from './home.js'
import { fileError, LaunchError } from './launch-error.js'

/** What an instance is protected with; made once and kept in its home. */
export interface InstanceSecrets {
  masterKey: string
  internalSecret: string
  encryptionKeys: string
  keyPepper: string
  postgresPassword: string
}

const FORMATS: Record<keyof InstanceSecrets, RegExp> = {
  masterKey: /^mk_[\w-]{32,}$/,
  internalSecret: /^[\w-]{32,}$/,
  // "1:<base64 of 32 bytes>", more after commas
  encryptionKeys: /^\d+:[A-Za-z0-9+/]{43}=(,\d+:[A-Za-z0-9+/]{43}=)*$/,
  keyPepper: /^[A-Za-z0-9+/]{43}=$/,
  postgresPassword: /^[\w-]{24,}$/,
}

/**
 * Reads the secrets, or makes them for a home that has no data yet. Never makes new ones beside old data: what
 * is encrypted there, and every virtual key, would be lost for good.
 */
export function ensureSecrets(home: Home): InstanceSecrets {
  if (existsSync(home.secrets)) return readSecrets(home)
  if (existsSync(join(home.postgres, 'cluster'))) {
    throw new LaunchError(
      `${home.secrets} is missing, and without it the data in ${home.root} cannot be read: put it back from a backup, ` +
        'or move the folder away to start empty; nothing was changed.',
    )
  }
  const secrets: InstanceSecrets = {
    masterKey: `mk_${randomBytes(32).toString('base64url')}`,
    internalSecret: randomBytes(32).toString('base64url'),
    encryptionKeys: `1:${randomBytes(32).toString('base64')}`,
    keyPepper: randomBytes(32).toString('base64'),
    postgresPassword: randomBytes(24).toString('base64url'),
  }
  writePrivately(home.secrets, `${JSON.stringify(secrets, undefined, 2)}\n`)
  return secrets
}

function readSecrets(home: Home): InstanceSecrets {
  let found: Partial<Record<keyof InstanceSecrets, unknown>>
  try {
    const content: unknown = JSON.parse(readFileSync(home.secrets, 'utf8'))
    found = typeof content === 'object' && content !== null ? content : {}
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged(home, 'it is not JSON')
    throw fileError(error, home.secrets)
  }
  for (const name of Object.keys(FORMATS) as (keyof InstanceSecrets)[]) {
    const value = found[name]
    if (typeof value !== 'string' || !FORMATS[name].test(value))
      throw damaged(home, `${name} is missing or cut`)
  }
  chmodSync(home.secrets, 0o600)
  return found as InstanceSecrets
}

function damaged(home: Home, what: string): LaunchError {
  return new LaunchError(
    `${home.secrets} is damaged (${what}): put it back from a backup, or move ${home.root} away to start empty; ` +
      'nothing was changed.',
  )
}
