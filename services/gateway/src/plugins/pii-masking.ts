import type { PiiMaskingSettings } from '@weir/plugin-settings'
import type { RequestDocument } from '../inference/endpoint.js'
import { findPersonalData, type Found, longestSpaced, type PersonalDataKind } from './personal-data.js'
import { definePlugin, type Plugin, type TextTransform } from './plugin.js'
import { placesOfRequest } from './texts.js'

/** The placeholders of one request and what they stand for. */
interface Masked {
  readonly values: Map<string, string>
  readonly placeholders: Map<string, string>
}

const longestPlaceholder = 24
const longestEmail = 320

/**
 * Replaces personal data by placeholders: in what goes to the provider, in what comes back, or both.
 * One value has one placeholder in a request. With `restore` the answer has the caller's own values
 * again where the model wrote their placeholders.
 */
export const piiMasking = definePlugin<PiiMaskingSettings>({
  name: 'pii_masking',
  create({ detectors, applies_to: appliesTo = 'both', restore = false }): Plugin<Masked> {
    const kinds = new Set(detectors)
    return {
      async request({ document }) {
        const masked: Masked = { values: new Map(), placeholders: new Map() }
        if (appliesTo !== 'output') await maskRequest(document, kinds, masked)
        return masked
      },
      text(slot, masked) {
        const restoring = restore && masked.values.size > 0 ? restorer(masked) : undefined
        const masking = appliesTo === 'input' ? undefined : masker(kinds)
        if (!restoring || !masking) return restoring ?? masking
        // What is restored is the caller's own, and is not masked again.
        return {
          push: (piece) => restoring.push(masking.push(piece)),
          end: () => restoring.push(masking.end()) + restoring.end(),
        }
      },
      chunk(document) {
        // Log probabilities would spell out what was masked.
        if (appliesTo !== 'input') dropLogprobs(document)
      },
    }
  },
})

const nameOf = (kind: PersonalDataKind): string => kind.toUpperCase()

/** Looked at in one turn of the event loop: others are served in between. */
const piecesOf = 64 * 1024

async function maskRequest(
  document: RequestDocument,
  kinds: ReadonlySet<PersonalDataKind>,
  { values, placeholders }: Masked,
): Promise<void> {
  const replace: Replace = (kind, value) => {
    const known = placeholders.get(value)
    if (known !== undefined) return known
    const placeholder = `[${nameOf(kind)}_${values.size + 1}]`
    placeholders.set(value, placeholder)
    values.set(placeholder, value)
    return placeholder
  }
  let looked = 0
  for (const { holder, name } of placesOfRequest(document)) {
    const text = String(holder[name])
    const masking = masker(kinds, replace)
    let shown = ''
    for (let at = 0; at < text.length; at += piecesOf) {
      const piece = text.slice(at, at + piecesOf)
      shown += masking.push(piece)
      looked += piece.length
      if (looked < piecesOf) continue
      looked = 0
      await new Promise((resolve) => setImmediate(resolve))
    }
    holder[name] = shown + masking.end()
  }
}

type Replace = (kind: PersonalDataKind, value: string) => string

/** Of an answer: what nobody gets back. */
const anonymous: Replace = (kind) => `[${nameOf(kind)}]`

/** Holds back as much as may still become personal data with what comes next. */
function masker(kinds: ReadonlySet<PersonalDataKind>, replace: Replace = anonymous): TextTransform {
  let rest = ''
  const mask = (isOver: boolean): string => {
    const found = findPersonalData(rest, kinds)
    const settled = isOver ? rest.length : settledLength(rest, found)
    let shown = ''
    let done = 0
    for (const { kind, start, end } of found) {
      if (end > settled) break
      shown += rest.slice(done, start) + replace(kind, rest.slice(start, end))
      done = end
    }
    shown += rest.slice(done, settled)
    rest = rest.slice(settled)
    return shown
  }
  return {
    push(piece) {
      rest += piece
      return mask(false)
    },
    end: () => mask(true),
  }
}

/** How much of a text stays as it is whatever follows: nothing found reaches over its end. */
function settledLength(text: string, found: readonly Found[]): number {
  let length = Math.max(0, text.length - longestSpaced)
  for (let back = 0; back < longestEmail && length > 0 && !/\s/.test(text.charAt(length - 1)); back++)
    length--
  return found.find(({ start, end }) => start < length && end > length)?.start ?? length
}

/** Holds back what may be the beginning of a placeholder. */
function restorer({ values }: Masked): TextTransform {
  let rest = ''
  const restore = (text: string): string =>
    text.replace(/\[[A-Z_]{1,16}_\d{1,6}\]/g, (placeholder) => values.get(placeholder) ?? placeholder)
  return {
    push(piece) {
      rest += piece
      const open = rest.lastIndexOf('[')
      const isOpen =
        open >= 0 && rest.length - open < longestPlaceholder && /^\[[A-Z_\d]*$/.test(rest.slice(open))
      const settled = isOpen ? open : rest.length
      const shown = restore(rest.slice(0, settled))
      rest = rest.slice(settled)
      return shown
    },
    end() {
      const shown = rest
      rest = ''
      return shown
    },
  }
}

function dropLogprobs(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value) && 'logprobs' in value) value.logprobs = Array.isArray(value.logprobs) ? [] : null
  for (const field of Object.values(value)) dropLogprobs(field)
}
