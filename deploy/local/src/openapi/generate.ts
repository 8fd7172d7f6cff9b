import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { format, resolveConfig } from 'prettier'
import { mergeDocuments, type PartialDocument } from './document.js'

/** Compiled services, which this package does not import otherwise: they are only described here. */
const root = new URL('../../../../', import.meta.url)
const services = ['identity', 'catalog', 'policy', 'metering', 'aggregator']

function describe(service: string): Promise<PartialDocument> {
  const worker = new Worker(new URL('describe.worker.js', import.meta.url), {
    workerData: new URL(`services/${service}/dist/openapi.js`, root).href,
  })
  return new Promise((resolve, reject) => {
    worker.once('message', resolve).once('error', reject)
  })
}

const { inferenceDocument } = (await import(
  new URL('services/gateway/dist/openapi/inference.js', root).href
)) as { inferenceDocument: PartialDocument }
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string }
const document = mergeDocuments(inferenceDocument, await Promise.all(services.map(describe)), version)
const target = fileURLToPath(new URL('services/gateway/openapi.json', root))
const options = await resolveConfig(target)
writeFileSync(target, await format(JSON.stringify(document), { ...options, filepath: target }))
