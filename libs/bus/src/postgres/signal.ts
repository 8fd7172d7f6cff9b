/** Wakes a loop. Counting, so that what happens between a look and the wait is not missed. */
export class Signal {
  count = 0
  private wake: () => void = () => undefined

  raise(): void {
    this.count++
    this.wake()
  }

  /** One waiter at a time. @returns whether it was raised since it had the count `seen`; false after `ms`. */
  wait(seen: number, ms: number): Promise<boolean> {
    if (this.count !== seen) return Promise.resolve(true)
    return new Promise((resolve) => {
      const done = (isRaised: boolean): void => {
        clearTimeout(timer)
        this.wake = () => undefined
        resolve(isRaised)
      }
      const timer = setTimeout(() => done(false), ms)
      this.wake = () => done(true)
    })
  }
}
