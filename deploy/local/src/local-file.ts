import { readFileSync } from 'node:fs'
import { type Home, writePrivately } from './home.js'

/** What scripts need to use a running instance; `local.json` in its home. */
export interface LocalFile {
  url: string
  master_key: string
  demo_key: string
  demo_model: string
}

export function writeLocalFile(home: Home, content: LocalFile): void {
  writePrivately(home.local, `${JSON.stringify(content, undefined, 2)}\n`)
}

/** The demo key of the last start, whose value nothing else knows; undefined when the file is lost or damaged. */
export function keptDemoKey(home: Home): string | undefined {
  try {
    const { demo_key: key } = JSON.parse(readFileSync(home.local, 'utf8')) as Partial<LocalFile>
    return typeof key === 'string' && key.startsWith('vk_') ? key : undefined
  } catch {
    return undefined
  }
}
