import { existsSync, readFileSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where a function of a profile lives. */
export interface Place {
  /** `@weir/gateway`, an npm package, `node`, `(native)`, `(garbage collector)`, … */
  group: string
  /** Relative to the project, mapped to the source when there is a source map; a module's name for Node's own. */
  file: string
  /** Counted from 1; 0 where there is none. */
  line: number
  /** Code of this repository. */
  own: boolean
}

/** A call frame as V8 writes it; lines and columns count from 0. */
export interface CallFrame {
  functionName: string
  url: string
  lineNumber: number
  columnNumber: number
}

/** Of the generated code, counted from 1, a line of a source of ours; undefined for all else. */
export function sourceLine(url: string, line: number): string | undefined {
  if (!url.startsWith('file:') || url.includes('/node_modules/')) return undefined
  // The last mapping of the line: its first columns are indentation, and belong to the line before.
  const source = original(fileURLToPath(url), line - 1, Number.MAX_SAFE_INTEGER)
  return `${relative(root, source.path)}:${source.line}`
}

const root = fileURLToPath(new URL('../../../', import.meta.url))
const maps = new Map<string, SourceMap | undefined>()

export function placeOf({ functionName, url, lineNumber, columnNumber }: CallFrame): Place {
  if (url === '') {
    // V8's own pseudo functions keep their name; all else without a script is a builtin or C++.
    const group = functionName.startsWith('(') ? functionName : '(native)'
    return { group, file: '', line: 0, own: false }
  }
  if (url.startsWith('node:')) return { group: 'node', file: url, line: lineNumber + 1, own: false }
  // undici's HTTP parser.
  if (url.startsWith('wasm:')) return { group: '(wasm)', file: '', line: 0, own: false }
  const path = url.startsWith('file:') ? fileURLToPath(url) : url
  const inside = relative(root, path)
  const packageName = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1]
  if (packageName !== undefined && !packageName.startsWith('@weir/')) {
    const file = path.slice(path.lastIndexOf(`node_modules/${packageName}/`) + 'node_modules/'.length)
    return { group: packageName, file, line: lineNumber + 1, own: false }
  }
  const source = original(path, lineNumber, columnNumber)
  const group = /^(?:libs|services|deploy)\/([^/]+)\//.exec(inside)?.[1] ?? inside.split('/')[0] ?? inside
  return { group: `@weir/${group}`, file: relative(root, source.path), line: source.line, own: true }
}

function original(path: string, lineNumber: number, columnNumber: number): { path: string; line: number } {
  const entry = sourceMap(path)?.findEntry(lineNumber, columnNumber)
  if (entry === undefined || !('originalSource' in entry) || entry.originalSource === undefined) {
    return { path, line: lineNumber + 1 }
  }
  return { path: resolve(dirname(path), entry.originalSource), line: entry.originalLine + 1 }
}

function sourceMap(path: string): SourceMap | undefined {
  if (!maps.has(path)) {
    const file = `${path}.map`
    const payload = existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as SourceMapPayload)
      : undefined
    maps.set(path, payload && new SourceMap(payload))
  }
  return maps.get(path)
}
