import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('.', import.meta.url))

/** Tests run on the sources, so that no stale build can pass. */
const alias = Object.fromEntries(
  readdirSync(`${root}libs`).map((name) => [`@weir/${name}`, `${root}libs/${name}/src/index.ts`]),
)

const exclude = ['**/node_modules/**', '**/dist/**']

export default defineConfig({
  resolve: { alias },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{libs,services,deploy,bench}/**/*.spec.ts'],
          exclude: [...exclude, '**/*.medium.spec.ts', '**/*.e2e.spec.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'medium',
          include: ['{libs,services,deploy}/**/*.medium.spec.ts'],
          exclude,
          globalSetup: ['libs/testing/src/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['deploy/e2e/**/*.e2e.spec.ts'],
          exclude,
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
