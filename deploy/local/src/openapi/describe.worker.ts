import 'reflect-metadata'
import { parentPort, workerData } from 'node:worker_threads'

/** Describes the compiled service whose module it is given, in a thread of its own: each has the metrics to itself. */
const service = (await import(workerData as string)) as { describeService(): Promise<unknown> }
parentPort?.postMessage(await service.describeService())
