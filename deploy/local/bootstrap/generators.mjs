/**
 * Everything that is generated and committed. A row: what it is, the command (found in PATH, run in `folder`), the
 * files it writes, and the projects that must be compiled before.
 */
export const GENERATORS = [
  {
    name: 'TypeScript of the contracts (buf)',
    folder: 'proto',
    command: ['buf', 'generate'],
    outputs: ['libs/contracts/src/generated'],
  },
  {
    name: 'OpenAPI of the public interface',
    folder: '.',
    command: ['node', 'deploy/local/dist/openapi/generate.js'],
    outputs: ['services/gateway/openapi.json'],
    needs: [
      'deploy/local',
      'services/identity',
      'services/catalog',
      'services/metering',
      'services/aggregator',
      'services/gateway',
    ],
  },
]
