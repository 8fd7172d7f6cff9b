import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)))
const pages = files.filter((file) => file.endsWith('.md'))
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const sources = files
  .filter(
    (file) =>
      /^(libs|services|deploy|bench)\/.*(\.ts|\.mjs|\.sh|Dockerfile)$|^docker-compose\.yml$/.test(file) &&
      !file.includes('.spec.'),
  )
  .map(read)
  .join('\n')

describe('the documentation', () => {
  it.each(pages)('%s links only to what is there', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '')
    const broken = links.filter(
      (link) => !/^https?:/.test(link) && !existsSync(join(root, dirname(page), link)),
    )
    expect(broken).toEqual([])
  })

  it.each(pages)('%s names only metrics and variables that there are', (page) => {
    const names = read(page).match(/\bweir_[a-z_]+\b|\bWEIR_[A-Z_]+\b/g) ?? []
    expect([...new Set(names)].filter((name) => !sources.includes(name))).toEqual([])
  })

  it('has a page for every service', () => {
    const services = new Set(
      files.filter((file) => file.startsWith('services/')).map((file) => file.split('/')[1]),
    )
    expect([...services].filter((name) => !pages.includes(`services/${name}/README.md`))).toEqual([])
  })

  it('names every variable that a service reads', () => {
    const variables = [...sources.matchAll(/@Env\('(WEIR_\w+)'/g)].map((match) => match[1] ?? '')
    const all = pages.map(read).join('\n')
    expect([...new Set(variables)].filter((name) => !all.includes(name))).toEqual([])
  })

  it('names every metric that a process has', () => {
    const metrics = [...sources.matchAll(/\b(?:counter|gauge|histogram)\(\s*'(weir_\w+)'/g)].map(
      (match) => match[1] ?? '',
    )
    expect(metrics.length).toBeGreaterThan(30)
    const all = pages.map(read).join('\n')
    expect([...new Set(metrics)].filter((name) => !all.includes(name))).toEqual([])
  })
})
