import { formatUsd } from '@weir/rating'
import type { ChaosResult } from './result.js'

/** The outcome as a table for people. */
export function toTable(result: ChaosResult): string {
  const { clients, kills, figures, findings } = result
  const width = Math.max(...figures.map(({ source }) => source.length))
  const killed = Object.entries(kills).sort(([a], [b]) => (a < b ? -1 : 1))
  const all = killed.reduce((sum, [, count]) => sum + count, 0)
  return [
    '',
    `${total(result)} requests over ${result.gateways} gateways and a bus in ${result.bus} in ${seconds(result.loadMs)} (seed ${result.seed}):`,
    `  ${clients.whole} replies came whole, ${clients.hung_up} were left by their client, ${clients.broken} broke with a process, ${clients.refused} were refused`,
    `  ${all} times kill -9: ${killed.map(([name, count]) => `${name} ${count}`).join(', ') || 'nobody'}`,
    `  everything was at rest ${seconds(result.settleMs)} after the last request`,
    '',
    `  ${''.padEnd(width)}  ${'attempts'.padStart(9)}  ${'cost in dollars'.padStart(20)}`,
    ...figures.map(({ source, attempts, costNanoUsd, note }) =>
      [
        ` `,
        source.padEnd(width),
        ` ${(attempts === undefined ? '' : attempts.toLocaleString('en')).padStart(9)}`,
        ` ${(costNanoUsd === undefined ? '' : formatUsd(costNanoUsd)).padStart(20)}`,
        note ? `  (${note})` : '',
      ]
        .join(' ')
        .trimEnd(),
    ),
    '',
    ...(findings.length === 0
      ? ['Nothing was lost and nothing was counted twice; every cost is exact to the nano-dollar.']
      : [
          'WRONG:',
          ...findings.flatMap(({ what, count, first }) => [
            `  ${count} × ${what}`,
            ...first.map((one) => `      ${one}`),
          ]),
        ]),
  ].join('\n')
}

/** The outcome for scripts: amounts of money are decimal text. */
export function toJson(result: ChaosResult): string {
  const { figures, ...rest } = result
  return JSON.stringify(
    {
      ok: result.findings.length === 0,
      ...rest,
      figures: figures.map(({ costNanoUsd, ...figure }) => ({
        ...figure,
        ...(costNanoUsd !== undefined && { costUsd: formatUsd(costNanoUsd) }),
      })),
    },
    undefined,
    2,
  )
}

const total = ({ clients }: ChaosResult): string =>
  Object.values(clients)
    .reduce((sum, count) => sum + count, 0)
    .toLocaleString('en')

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
