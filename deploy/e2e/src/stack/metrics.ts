import type { SharedWeir } from './weir.js'

/** A sample of Prometheus' text format. */
export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

/** Reads the metrics of a process from its private port. */
export async function readMetrics(weir: Pick<SharedWeir, 'ports'>, name: string): Promise<Sample[]> {
  const response = await fetch(`http://127.0.0.1:${weir.ports[`${name}.metrics`]}/metrics`)
  if (!response.ok) throw new Error(`The metrics of ${name} were answered with ${response.status}.`)
  return parseMetrics(await response.text())
}

/** Sum of a metric over its labels, of those that match, over all gateways. */
export async function sumOfGateways(
  weir: Pick<SharedWeir, 'ports' | 'gateways'>,
  name: string,
  labels: Record<string, string> = {},
): Promise<number> {
  const samples = (await Promise.all(weir.gateways.map((gateway) => readMetrics(weir, gateway)))).flat()
  return sumOf(samples, name, labels)
}

/** Sum of a metric over its labels, of those that match. */
export function sumOf(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number {
  return samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0)
}

/** Memory of all gateways. */
export function readResidentBytes(weir: SharedWeir): Promise<number> {
  return sumOfGateways(weir, 'process_resident_memory_bytes')
}

function parseMetrics(text: string): Sample[] {
  return [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value]) => ({
    name,
    labels: parseLabels(labels),
    value: Number(value),
  }))
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const [, label = '', value = ''] of text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[label] = value
  return labels
}
