import { execFile } from 'node:child_process'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** One instruction of a Dockerfile, its continuation lines joined. */
export interface Instruction {
  name: string
  value: string
}

/** The stages of a Dockerfile, each from its FROM on. */
export function readStages(text: string): Instruction[][] {
  const lines = text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
  const instructions = lines.flatMap((line) => {
    const [, name, value] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? []
    return name && value ? [{ name, value }] : []
  })
  return instructions.reduce<Instruction[][]>((stages, instruction) => {
    if (instruction.name === 'FROM') stages.push([])
    stages.at(-1)?.push(instruction)
    return stages
  }, [])
}

const run = promisify(execFile)

/** Does a build stage's COPY and RUN in a folder, as an engine would in its working directory. */
export async function runBuildStage(
  stage: Instruction[],
  options: { context: string; folder: string },
): Promise<void> {
  for (const { name, value } of stage) {
    if (name === 'COPY') {
      const words = value.split(/\s+/)
      const target = words.pop() ?? '.'
      for (const source of words)
        await copyIn(options.context, source, join(options.folder, target, words.length > 1 ? source : ''))
    }
    if (name === 'RUN') await run('sh', ['-c', value], { cwd: options.folder, maxBuffer: 64 * 1024 * 1024 })
  }
}

/** Copies what the build context has of a path: what .dockerignore leaves out stays out. */
async function copyIn(context: string, source: string, target: string): Promise<void> {
  await mkdir(join(target, '..'), { recursive: true })
  await cp(join(context, source), target, {
    recursive: true,
    filter: (path) =>
      !/(^|\/)(node_modules|dist|\.git|\.weir)(\/|$)|\.tsbuildinfo$/.test(path.slice(context.length)),
  })
}
