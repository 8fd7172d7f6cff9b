/** How often a step that says nothing itself shows that it still goes on. */
const SIGN_OF_LIFE_MS = 5_000

const startedAt = Date.now()
let stream = process.stdout

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`

function line(text) {
  stream.write(`[${seconds(Date.now() - startedAt).padStart(7)}] ${text}\n`)
}

/** One line per step on the terminal, with the time since the command began. */
export const progress = {
  startedAt,
  line,
  begin(target) {
    stream = target
  },
  /** Shows that a step began, that it goes on, and how long it took. */
  async step(what, work) {
    line(`${what} …`)
    const began = Date.now()
    const timer = setInterval(() => line(`${what}: ${seconds(Date.now() - began)} so far`), SIGN_OF_LIFE_MS)
    try {
      const result = await work()
      line(`${what}: done in ${seconds(Date.now() - began)}`)
      return result
    } finally {
      clearInterval(timer)
    }
  },
}
