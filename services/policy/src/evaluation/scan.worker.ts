import { parentPort } from 'node:worker_threads'
import { ready, scan, type ScanAnswer, type ScanOrder } from './scan.js'

/** Looks through texts, one order after the other, until the pool ends the thread. */
parentPort?.on('message', ({ id, sets, texts }: ScanOrder) => {
  let answer: ScanAnswer
  try {
    answer = { id, found: scan(sets, texts) }
  } catch (error) {
    answer = { id, error: error instanceof Error ? error.message : String(error) }
  }
  parentPort?.postMessage(answer)
})

// The detectors are loaded: only now an order's time begins.
parentPort?.postMessage(ready)
