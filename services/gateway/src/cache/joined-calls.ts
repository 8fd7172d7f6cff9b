import type { RecordedReply } from './recorded-reply.js'

/** The first of several: it makes the call, and tells the others what came of it, once. */
export interface Lead {
  readonly kind: 'lead'
  done(reply: RecordedReply | undefined): void
}

/** One of several: it waits for what the first one gets; undefined: nothing to give again. */
export interface Follow {
  readonly kind: 'follow'
  readonly reply: Promise<RecordedReply | undefined>
}

/** Calls under way that others wait for. */
export class JoinedCalls {
  private readonly calls = new Map<string, Promise<RecordedReply | undefined>>()

  join(key: string): Lead | Follow {
    const underway = this.calls.get(key)
    if (underway) return { kind: 'follow', reply: underway }
    const { promise, resolve } = Promise.withResolvers<RecordedReply | undefined>()
    this.calls.set(key, promise)
    const done = (reply: RecordedReply | undefined) => {
      if (this.calls.get(key) === promise) this.calls.delete(key)
      resolve(reply)
    }
    return { kind: 'lead', done }
  }
}
