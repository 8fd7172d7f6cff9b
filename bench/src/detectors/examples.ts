import type { DetectorName } from '@weir/detectors'
import { heldOutAttacks, heldOutTemplates } from './held-out.js'
import { negative } from './negatives.js'
import { Random } from './random.js'
import { assignedSecret } from './secrets.js'
import { disguises, templates, type Disguise } from './templates.js'
import { codeExample, goals, injectionExample, languageExample, sizeExample, type Whole } from './texts.js'
import { valueOf } from './values.js'

/** Where something is that a detector must find. */
export interface Label {
  readonly detector: DetectorName
  readonly start: number
  readonly end: number
}

/** A text with all that is to be found in it. */
export interface Example {
  readonly text: string
  readonly labels: readonly Label[]
  /** The only detector that it is meant for: one that judges texts as a whole. */
  readonly only?: DetectorName
  readonly disguise: Disguise
}

/** The size that the detector of sizes is asked for. */
export const mostCharacters = 200

const perKind = 130
const negativeCount = 800
const perWhole = 120

/** The whole set: the same for the same seed. */
export function makeExamples(seed: number): Example[] {
  const random = new Random(seed)
  const examples: Example[] = []
  for (const [kind, forms] of Object.entries(templates)) {
    for (let count = 0; count < perKind; count++) {
      const disguise = count % 5 === 4 ? random.pick(disguises) : 'none'
      examples.push(fill(forms[count % forms.length] ?? '', kind, disguise, random))
    }
  }
  for (let count = 0; count < perKind / 2; count++) examples.push(assignment(random))
  for (let count = 0; count < negativeCount; count++) {
    examples.push({ text: negative(random, count), labels: [], disguise: 'none' })
  }
  for (let count = 0; count < perWhole; count++) {
    const { text } = injectionExample(random)
    examples.push({ text, labels: [whole('prompt_injection', text)], disguise: 'none' })
    examples.push(judged('language', languageExample(random)))
    examples.push(judged('code', codeExample(random)))
    examples.push(judged('size', sizeExample(random, mostCharacters)))
  }
  return examples
}

const perHeldOutForm = 10

/** Examples of surroundings that no detector was tuned on. */
export function makeHeldOutExamples(seed: number): Example[] {
  const random = new Random(seed)
  const examples: Example[] = []
  for (const [kind, forms] of Object.entries(heldOutTemplates)) {
    for (let count = 0; count < perHeldOutForm * forms.length; count++) {
      examples.push(fill(forms[count % forms.length] ?? '', kind, 'none', random))
    }
  }
  for (const attack of heldOutAttacks) {
    const text = attack.replace('{g}', random.pick(goals))
    examples.push({ text, labels: [whole('prompt_injection', text)], disguise: 'none' })
  }
  return examples
}

const whole = (detector: DetectorName, text: string): Label => ({ detector, start: 0, end: text.length })

const judged = (only: DetectorName, { text, isFound }: Whole): Example => ({
  ...{ text, only, disguise: 'none' },
  labels: isFound ? [whole(only, text)] : [],
})

function fill(template: string, kind: string, disguise: Disguise, random: Random): Example {
  let text = ''
  const labels: Label[] = []
  let known = valueOf(kind === 'mixed' ? 'email' : kind, random)
  for (const part of template.split(/(\{[a-z_.]+\})/)) {
    const [, placeholder, field] = /^\{([a-z_]+)(?:\.([a-z]+))?\}$/.exec(part) ?? []
    if (placeholder === undefined) text += part
    else if (placeholder === 'n') text += random.digits(5)
    else if (field === 'name') text += known.name ?? ''
    else if (field === 'none') text += valueOf(placeholder, random).value
    else {
      const value = disguised(
        placeholder === kind ? known.value : valueOf(placeholder, random).value,
        disguise,
        random,
      )
      labels.push({
        detector: placeholder as DetectorName,
        start: text.length,
        end: text.length + value.length,
      })
      text += value
      // The next one of the same kind is another.
      if (placeholder === kind && kind !== 'national_id') known = valueOf(kind, random)
    }
  }
  return { text, labels, disguise }
}

function assignment(random: Random): Example {
  const { before, value, after } = assignedSecret(random)
  const label: Label = { detector: 'secret', start: before.length, end: before.length + value.length }
  return { text: before + value + after, labels: [label], disguise: 'none' }
}

function disguised(value: string, disguise: Disguise, random: Random): string {
  switch (disguise) {
    case 'none':
      return value
    case 'zero_width':
      return [...value].map((sign, at) => (at > 0 && random.next() < 0.3 ? `\u200b${sign}` : sign)).join('')
    case 'full_width':
      return value.replace(/[0-9]/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))
    case 'percent':
      return value.replace(/[^A-Za-z0-9]/g, (sign) => encodeURIComponent(sign).replace(/^[^%]$/, percentOf))
    case 'base64':
      return Buffer.from(`(${value}) and nothing else`).toString('base64')
    case 'json':
      return value.replace(/[^A-Za-z]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
  }
}

const percentOf = (sign: string): string => `%${sign.charCodeAt(0).toString(16)}`
