import type { Weir } from '@weir/local'

type Ports = Pick<Weir, 'ports'>

/** Sum of a metric's samples in a process, as Prometheus would read them. @throws Error when it is down or has no such metric */
export async function readMetric({ ports }: Ports, process: string, metric: string): Promise<number> {
  const text = await ask(ports, process, '/metrics').then((response) => response.text())
  const samples = text
    .split('\n')
    .filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
  if (samples.length === 0) throw new Error(`${process} has no metric ${metric}.`)
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

/** Whether a process says that it lacks nothing. */
export async function isReady({ ports }: Ports, process: string): Promise<boolean> {
  return ask(ports, process, '/readyz').then(
    ({ ok }) => ok,
    () => false,
  )
}

function ask(ports: Weir['ports'], process: string, path: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${ports[`${process}.metrics`] ?? 0}${path}`, {
    signal: AbortSignal.timeout(5_000),
  })
}
