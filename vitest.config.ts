import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('.', import.meta.url))

/** Tests run on the sources, so that no stale build can pass. */
const alias = Object.fromEntries(
  [...readdirSync(`${root}libs`).map((name) => ['libs', name]), ['deploy', 'local']].map(([folder, name]) => [
    `@weir/${name}`,
    `${root}${folder}/${name}/src/index.ts`,
  ]),
)

/**
 * Specs of the whole that measure time or memory, or stop what others use: each runs alone, with the
 * machine to itself. All others share one Weir and run two at a time.
 */
const alone = [
  'chaos/chaos',
  'survival/outage',
  'governance/{budget,budget-outage,keys,rate}',
  'policy/policy-outage',
  'inference/{accounting,drain,in-force,operations,refusal,streaming,timeout}',
].map((name) => `deploy/e2e/src/${name}.e2e.spec.ts`)

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
          exclude: [...exclude, '**/*.{medium,e2e,clients}.spec.ts'],
          // A worker loads what many specs import once.
          isolate: false,
          maxWorkers: 2,
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
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'clients',
          include: ['deploy/e2e/**/*.clients.spec.ts'],
          exclude,
          globalSetup: ['deploy/e2e/src/stack/global-setup.ts'],
          testTimeout: 400_000,
          hookTimeout: 400_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['deploy/e2e/**/*.e2e.spec.ts'],
          exclude: [...exclude, ...alone],
          globalSetup: ['deploy/e2e/src/stack/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e-alone',
          include: alone,
          exclude,
          globalSetup: ['deploy/e2e/src/stack/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
