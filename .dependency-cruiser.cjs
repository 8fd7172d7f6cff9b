/** The architecture, as rules; `npm run check` fails when one is broken. */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two modules that need each other at run time are one module, or hide a third.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-service-in-a-service',
      comment: 'Services meet over gRPC and the bus, never in a process.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'no-service-in-a-lib',
      comment: 'A lib is for every service, so it knows none; nor does it know how the whole is run.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(services|deploy|bench)/' },
    },
    {
      name: 'no-deploy-in-a-service',
      comment: 'What runs the whole knows the services, not the other way round.',
      severity: 'error',
      from: { path: '^services/' },
      to: { path: '^(deploy|bench)/' },
    },
    {
      name: 'only-the-index-of-a-lib',
      comment: 'What a lib offers is in its index.ts; the rest may change.',
      severity: 'error',
      from: { path: '^(libs|services|deploy|bench)/([^/]+)/' },
      to: {
        path: '^libs/[^/]+/(src|dist)/',
        pathNot: ['^libs/[^/]+/(src|dist)/index\\.(ts|js|d\\.ts)$', '^$1/$2/'],
      },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that leads nowhere fails only when it is reached.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // Imports of types count too: they couple as much as others do.
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.spec.json' },
    exclude: { path: ['(^|/)node_modules/', '(^|/)dist/', 'libs/contracts/src/generated/'] },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
}
