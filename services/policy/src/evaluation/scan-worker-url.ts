/** Where the code of the detectors' threads is. */
export class ScanWorker {
  constructor(readonly url: URL = new URL('./scan.worker.js', import.meta.url)) {}
}
