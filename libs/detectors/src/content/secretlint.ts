import { rules } from '@secretlint/secretlint-rule-preset-recommend'

/** What a rule of secretlint found. */
export interface RuleFinding {
  readonly kind: string
  readonly start: number
  readonly end: number
}

/**
 * Rules that are left out: comments could switch the others off (the text is hostile, not a developer's
 * own), keys in PEM need more text than a stream holds back (`secret.ts` has them), and files are none.
 */
const leftOut = /filter-comments|privatekey|gcp/

type Rule = (typeof rules)[number]
type Context = Parameters<Rule['create']>[0]
type Source = Parameters<NonNullable<ReturnType<Rule['create']>['file']>>[0]

/** The expressions of the rules, by their text. */
const linear = new Map<string, RegExp>()

/**
 * A text whose matches take time in proportion to its length. Some rules of secretlint try many lengths at
 * each place: 100 kB made for them take a third of a second. What may follow a token is no reason to
 * try shorter ones, and no token of a service is as long as its rule allows.
 */
class LinearText extends String {
  override matchAll(expression: RegExp): ReturnType<string['matchAll']> {
    const key = `${expression.flags}/${expression.source}`
    const known = linear.get(key)
    const bounded = known ?? new RegExp(boundedSource(expression.source), expression.flags)
    if (!known) linear.set(key, bounded)
    return String(this).matchAll(bounded)
  }
}

const boundedSource = (source: string): string =>
  source
    .replace(/(\{\d+,\d+\})\(\?!(?:\[[^\]]*\]|\\w)\)$/, '$1')
    .replaceAll('{1,10000}', '{1,2000}')
    .replaceAll('{1,1000}', '{1,128}')

let found: RuleFinding[] = []

/** The rules call this as they find something: they run one after the other, and never wait. */
const context = {
  sharedOptions: {},
  locale: 'en',
  createTranslator: () => (messageId: string) => ({ message: '', messageId }),
  report({ message, range }: { message: { messageId: string }; range: readonly [number, number] }) {
    found.push({ kind: message.messageId.toLowerCase(), start: range[0], end: range[1] })
  },
  ignore: () => undefined,
} as unknown as Context

const running = rules
  .filter(({ meta }) => !leftOut.test(meta.id))
  .map((rule) => rule.create(context, {} as Parameters<Rule['create']>[1]))

/** Everything that secretlint's recommended rules find in a text. */
export function runRules(text: string): readonly RuleFinding[] {
  found = []
  const source = { content: new LinearText(text), contentType: 'text', filePath: '', ext: '' }
  for (const rule of running) void rule.file?.(source as unknown as Source)
  return found
}
