/** What YAML is written from: as JSON, with no null. */
export type YamlValue = string | number | boolean | YamlValue[] | { [name: string]: YamlValue }

/** Readable without quotes, and not to be taken for a number, a boolean or a comment. */
const plain = /^(?!(?:true|false|null|yes|no|on|off)$)[A-Za-z/$][\w ./$()%+-]*(?<! )$/i

/** Writes a value in block style. */
export function toYaml(value: YamlValue, indent = 0): string {
  const margin = ' '.repeat(indent)
  if (Array.isArray(value)) {
    return value.map((item) => `${margin}- ${toYaml(item, indent + 2).trimStart()}`).join('')
  }
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([name, inner]) => {
        const isEmpty = typeof inner === 'object' && Object.keys(inner).length === 0
        if (isEmpty) return `${margin}${scalar(name)}: ${Array.isArray(inner) ? '[]' : '{}'}\n`
        if (typeof inner === 'object') return `${margin}${scalar(name)}:\n${toYaml(inner, indent + 2)}`
        return `${margin}${scalar(name)}: ${isProse(inner) ? folded(inner, indent + 2) : `${scalar(inner)}\n`}`
      })
      .join('')
  }
  return `${margin}${scalar(value)}\n`
}

function scalar(value: string | number | boolean): string {
  if (typeof value !== 'string' || plain.test(value)) return String(value)
  const isEasierInDouble = value.includes("'") && !/["\\\n]/.test(value)
  return isEasierInDouble ? `"${value}"` : `'${value.replaceAll("'", "''")}'`
}

/** A sentence that is too long for one line. */
function isProse(value: string | number | boolean): value is string {
  return typeof value === 'string' && value.length > 80 && /^\S+( \S+)+$/.test(value)
}

/** In lines, which a reader joins with spaces. */
function folded(prose: string, indent: number): string {
  const margin = ' '.repeat(indent)
  const lines: string[] = []
  for (const word of prose.split(' ')) {
    const line = lines.at(-1)
    if (line === undefined || margin.length + line.length + 1 + word.length > 100) lines.push(word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return `>-\n${lines.map((line) => `${margin}${line}\n`).join('')}`
}
