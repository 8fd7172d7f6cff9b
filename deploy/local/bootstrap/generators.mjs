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
    name: 'field lists of the events',
    folder: 'proto',
    command: ['node', 'event-fields.mjs'],
    outputs: ['libs/contracts/src/generated/event-fields.ts'],
  },
  {
    name: 'AsyncAPI of the topics',
    folder: '.',
    command: ['node', 'libs/contracts/dist/events/write-async-api.js'],
    outputs: ['proto/asyncapi.yaml'],
    needs: ['libs/contracts'],
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
      'services/policy',
      'services/metering',
      'services/aggregator',
      'services/gateway',
    ],
  },
]
