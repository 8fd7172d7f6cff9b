import { availablePlugins } from '@weir/plugin-settings'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'
import { chatStream, noServices, plugged, saidIn } from '../testing/plugged.js'
import type { PluginKind } from './plugin.js'
import { pluginKinds } from './registry.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const page = readFileSync(join(here, 'README.md'), 'utf8')
const [plugin = '', test = ''] = [...page.matchAll(/```ts\n([^]*?)```/g)].map(([, code]) => code)

/** What the compiler says of the page's code, as if it stood in this folder. */
function compile(files: Record<string, string>): string[] {
  const configPath = join(here, '../../../../tsconfig.spec.json')
  const { config } = ts.readConfigFile(configPath, (path) => ts.sys.readFile(path)) as { config: object }
  const { options } = ts.parseJsonConfigFileContent(
    config,
    { ...ts.sys, readDirectory: () => [] },
    join(configPath, '..'),
  )
  const host = ts.createCompilerHost(options)
  const { sys } = ts
  host.fileExists = (path) => path in files || sys.fileExists(path)
  host.readFile = (path) => files[path] ?? sys.readFile(path)
  host.getSourceFile = (path, version) => {
    const text = host.readFile(path)
    return text === undefined ? undefined : ts.createSourceFile(path, text, version)
  }
  const program = ts.createProgram(Object.keys(files), { ...options, noEmit: true, skipLibCheck: true }, host)
  return Object.keys(files).flatMap((path) => {
    const source = program.getSourceFile(path)
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'),
    )
  })
}

describe('the page that says how to write a plugin', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-page-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('has a plugin and a test that compile', { timeout: 60_000 }, () => {
    expect(
      compile({ [join(here, 'word-stars.ts')]: plugin, [join(here, 'word-stars.spec.ts')]: test }),
    ).toEqual([])
  })

  it('has a plugin that does what its test says', async () => {
    const path = join(folder, 'word-stars.ts')
    writeFileSync(path, plugin.replace('./plugin.js', join(here, 'plugin.ts')))
    const { wordStars } = (await import(path)) as { wordStars: PluginKind<{ words: string[] }> }
    const { stream, whole } = await plugged([wordStars.create({ words: ['secret'] }, noServices)], {
      model: 'fast',
    })
    expect(saidIn(await stream(chatStream(['my sec', 'ret', ' is'])))).toBe('my ****** is')
    expect(await whole({ choices: [{ index: 0, message: { content: 'a secret' } }] })).toMatchObject({
      choices: [{ message: { content: 'a ******' } }],
    })
    expect(test).toContain("toBe('my ****** is')")
  })

  it('names every plugin that there is, and each is in the registry under its name', () => {
    for (const name of availablePlugins) {
      expect(page).toContain(`| \`${name}\``)
      expect(pluginKinds[name].name).toBe(name)
    }
  })
})
