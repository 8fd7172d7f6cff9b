import { Injectable } from '@nestjs/common'
import { AppError } from '@weir/errors'
import { argon2, type Argon2Parameters, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify(argon2)

/** OWASP's recommendation for argon2id: 19 MiB, two passes. */
const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } satisfies Partial<Argon2Parameters>

/** Computed side by side; each takes 19 MiB and a thread of the pool that files and DNS need too. */
const mostAtOnce = 2
/** Waiting at most; beyond this somebody floods. */
const mostWaiting = 50

/** Passwords as they are stored: argon2id with a salt of their own, in PHC's string format. */
@Injectable()
export class Passwords {
  private atOnce = 0
  private readonly waiting: (() => void)[] = []

  async hash(password: string): Promise<string> {
    const nonce = randomBytes(16)
    const tag = await this.compute(password, { ...cost, nonce })
    return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${base64(nonce)}$${base64(tag)}`
  }

  /** False for a user without a password too, after the same work, so that the time says nothing. */
  async verify(password: string, stored: string | null | undefined): Promise<boolean> {
    const { parameters, tag } = readHash(stored ?? nobodys)
    const found = await this.compute(password, parameters)
    return timingSafeEqual(found, tag) && stored !== null && stored !== undefined
  }

  private async compute(password: string, parameters: Omit<Argon2Parameters, 'message'>): Promise<Buffer> {
    if (this.atOnce >= mostAtOnce) {
      if (this.waiting.length >= mostWaiting) {
        const reason = 'Too many passwords are being checked now. Try again in a few seconds.'
        throw AppError.of('rate_limit_exceeded', { reason }, { retryAfterS: 5 })
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    } else {
      this.atOnce++
    }
    try {
      return await derive('argon2id', { ...parameters, message: password.normalize('NFKC') })
    } finally {
      const next = this.waiting.shift()
      if (next) next()
      else this.atOnce--
    }
  }
}

const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')

/** The hash of no password: there is none whose tag is all zeros that anybody could find. */
const nobodys = `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${base64(Buffer.alloc(16))}$${base64(Buffer.alloc(32))}`

const phc = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

function readHash(stored: string): { parameters: Omit<Argon2Parameters, 'message'>; tag: Buffer } {
  const [, memory, passes, parallelism, nonce, tagText] = phc.exec(stored) ?? []
  if (tagText === undefined) throw new Error('A stored password is not in the format that Weir writes.')
  const tag = Buffer.from(tagText, 'base64')
  return {
    parameters: {
      memory: Number(memory),
      passes: Number(passes),
      parallelism: Number(parallelism),
      tagLength: tag.length,
      nonce: Buffer.from(nonce ?? '', 'base64'),
    },
    tag,
  }
}
