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
]
