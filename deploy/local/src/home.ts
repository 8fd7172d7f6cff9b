import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileError } from './launch-error.js'

/** Where an instance keeps everything. */
export interface Home {
  root: string
  secrets: string
  ports: string
  pids: string
  lock: string
  holder: string
  local: string
  postgres: string
  logs: string
  gateway(index: number): string
}

/** Makes the folder when it is absent; closed to other users, since it holds secrets. */
export function openHome(path: string): Home {
  const root = resolve(path)
  const home: Home = {
    root,
    secrets: join(root, 'secrets.json'),
    ports: join(root, 'ports.json'),
    pids: join(root, 'pids.json'),
    lock: join(root, 'lock.db'),
    holder: join(root, 'launcher.json'),
    local: join(root, 'local.json'),
    postgres: join(root, 'postgres'),
    logs: join(root, 'logs'),
    gateway: (index) => join(root, `gateway-${index}`),
  }
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 })
    mkdirSync(home.logs, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw fileError(error, root)
  }
  return home
}

/** Writes a file of mode 0600 so that a kill or a full disk leaves the old one or the new one, never a part. */
export function writePrivately(path: string, content: string): void {
  const draft = `${path}.${process.pid}.draft`
  try {
    const file = openSync(draft, 'w', 0o600)
    try {
      writeSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    chmodSync(draft, 0o600)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw fileError(error, path)
  }
}
