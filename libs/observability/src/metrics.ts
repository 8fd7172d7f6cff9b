import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

export { Counter, Gauge, Histogram } from 'prom-client'

/** The process's metrics; every name starts with `weir_`, units last, as Prometheus advises. */
export const registry = new Registry()

/** Adds the process's own figures (CPU, memory, event loop) and its name. Once, at the start. */
export function startMetrics(service: string): void {
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
}

/** A counter of this process's registry. `collect` is given the counter, at zero, to fill, each time that it is read. */
export function counter<Label extends string>(
  name: string,
  help: string,
  labelNames: Label[] = [],
  collect?: (counter: Counter<Label>) => void,
): Counter<Label> {
  return new Counter({
    name,
    help,
    labelNames,
    registers: [registry],
    ...(collect && {
      collect(this: Counter<Label>) {
        this.reset()
        collect(this)
      },
    }),
  })
}

/** A gauge of this process's registry; `collect` is given the gauge to set, each time that it is read. */
export function gauge<Label extends string>(
  name: string,
  help: string,
  labelNames: Label[] = [],
  collect?: (gauge: Gauge<Label>) => void | Promise<void>,
): Gauge<Label> {
  return new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    ...(collect && {
      collect(this: Gauge<Label>) {
        return collect(this)
      },
    }),
  })
}

/** A histogram of this process's registry. */
export function histogram<Label extends string>(
  name: string,
  help: string,
  labelNames: Label[],
  buckets: number[],
): Histogram<Label> {
  return new Histogram({ name, help, labelNames, buckets, registers: [registry] })
}
