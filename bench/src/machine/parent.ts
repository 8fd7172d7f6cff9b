import { createInterface } from 'node:readline'

/** The other end of a child: ends this process when the parent is gone. Call it once. */
export function followParent(onMessage?: (line: string) => void): void {
  const lines = createInterface({ input: process.stdin })
  if (onMessage !== undefined) lines.on('line', onMessage)
  lines.once('close', () => process.exit(0))
}

export const tellParent = (message: unknown): void => {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
