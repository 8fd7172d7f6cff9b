import type { Candidate, Detector, Window } from '../detector.js'

/** Three lines of code, which are what it takes. */
const reach = 280
const fewestLines = 3
const longestLine = 200

const anyOf = (...forms: readonly RegExp[]): RegExp => new RegExp(forms.map(({ source }) => source).join('|'))

/** Lines that are code wherever they stand. */
const certain = anyOf(
  /^\s*#include\s*[<"]/,
  /^\s*import\s+[\w.*{}, ]+\s+from\s+['"]/,
  /^\s*from\s+[\w.]+\s+import\s+\w/,
  /^\s*(?:public|private|protected)\s+(?:static\s+|final\s+|async\s+|class\s+)?[\w<>[\]]+\s+\w+/,
  /^\s*(?:export\s+)?(?:async\s+)?function\s*\w*\s*\(/,
  /^\s*(?:async\s+)?def\s+\w+\s*\(.*\)(?:\s*->.*)?:/,
  /^\s*class\s+\w+[^.?!]*[:{]\s*$/,
  /^\s*(?:package|using)\s+[\w.]+;/,
  /^\s*func\s+(?:\([^)]*\)\s*)?\w+\s*\(/,
  /^\s*(?:pub\s+)?fn\s+\w+|^\s*impl\s+[\w<>]+/,
  /^\s*(?:SELECT\s.+\sFROM|INSERT\s+INTO|CREATE\s+TABLE)\s/,
  /^\s*(?:<\?php|#!\/)/,
)

/** Lines that are code beside others that are. */
const likely = anyOf(
  /[;{}]\s*(?:\/\/.*)?$/,
  /^\s*(?:const|let|var)\s+[\w{[]/,
  /^\s*(?:if|for|while|elif|switch|match|with|try|except|catch)\b.*[:{]\s*$/,
  /^\s*(?:return|yield|await|throw|raise)\b.*[\w)\]'"]$/,
  /^\s*[\w.[\]]+\s*(?:[+\-*/]|:)?=\s*\S/,
  /^\s*(?:else|try|finally)\s*[:{]/,
  /^\s*(?:continue|break|pass|done|fi|end|else)\s*;?$|;\s*(?:do|then)$/,
  /^\s*(?:set -|export \w+=)/,
  /^\s*[\w.]+\(.*\)$/,
  /^\s*(?:\/\/|\/\*|\* |#\s|--\s)/,
  /^\s*@\w+|=>|->|::|&&|\|\|/,
  /^\s*<\/?[a-z][^>]*>\s*$/,
  /^\s*(?:print|echo|println|printf|console\.log)\b/,
)
const prose = /^\s*(?:[-*•]|\d+[.)])\s|[.!?]["']?\s*$/
const fence = /^\s*(?:```|~~~)\s*[\w+#.-]*\s*$/

/** Source code: a fenced block, or some lines in a row that look like code. */
export const code: Detector = {
  reach,
  looksInside: false,
  start() {
    /** The end of the last piece of code in the whole text: a block is found once, not line by line. */
    let after = 0
    return function* ({ text, base, from, to }: Window): Generator<Candidate> {
      for (let at = from; at < to; at++) {
        const isLine = at + base === 0 || text.charCodeAt(at - 1) === 0x0a
        if (!isLine || at + base < after) continue
        const found = codeAt(text, at)
        if (!found) continue
        after = base + found.end
        yield found
      }
    }
  },
}

function codeAt(text: string, at: number): Candidate | undefined {
  let lineCount = 0
  let score = 0
  let end = at
  let isFenced = false
  for (let start = at; start < text.length && start - at < reach;) {
    const newline = text.indexOf('\n', start)
    const lineEnd = Math.min(newline < 0 ? text.length : newline, at + reach, start + longestLine)
    const line = text.slice(start, lineEnd)
    if (start === at && fence.test(line)) isFenced = true
    else if (line.trim() !== '') {
      const value = isFenced && fence.test(line) ? 0 : scoreOf(line)
      if (value === 0 && !(isFenced && lineCount < fewestLines)) break
      lineCount++
      score += value
    } else if (start === at) break
    end = lineEnd
    start = lineEnd + 1
  }
  // A fence says that it is code unless what stands in it reads like prose.
  const isCode = isFenced ? lineCount > 0 && score >= 1 : lineCount >= fewestLines && score >= 4
  return isCode
    ? { start: at, end, kind: isFenced ? 'fenced' : '', confidence: isFenced ? 0.95 : 0.8 }
    : undefined
}

function scoreOf(line: string): number {
  if (certain.test(line)) return 2
  return likely.test(line) && !(prose.test(line) && !/[;{}()]/.test(line)) ? 1 : 0
}
