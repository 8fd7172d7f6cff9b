/** Why there is no broker, in one sentence for the person who asked for it. */
export class KafkaStartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'KafkaStartError'
  }
}
