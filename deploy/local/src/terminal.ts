/** Progress for a person: each line with the seconds since the command began. */
export class Terminal {
  /** The bootstrap began earlier than this process. */
  private readonly startedAt = Number(process.env.WEIR_STARTED_AT) || Date.now()

  constructor(private readonly stream: NodeJS.WritableStream) {
    // A closed terminal must not end us before the services are drained.
    process.stdout.on('error', () => undefined)
    process.stderr.on('error', () => undefined)
  }

  elapsedMs(): number {
    return Date.now() - this.startedAt
  }

  line(text: string): void {
    const seconds = `${(this.elapsedMs() / 1000).toFixed(1)} s`
    this.stream.write(`[${seconds.padStart(7)}] ${text}\n`)
  }
}
