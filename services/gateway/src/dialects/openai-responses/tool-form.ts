import type { Document } from '../../conversation/dialect.js'
import { asText, objectsOf } from '../../conversation/json.js'

/** How a request declares a tool that is called in the answer. */
export interface ToolForm {
  /** Its name within its namespace. */
  name: string
  /** Undefined: it stands by itself. */
  namespace?: string
  /** It takes free text. */
  isCustom: boolean
}

/** The name of a tool within a namespace, to dialects that have none: Codex groups its tools. */
export const flatName = (namespace: string, name: string): string => `${namespace}__${name}`

/** The tools of a request, by the names that other dialects know them by. */
export function toolForms(request: Document): Map<string, ToolForm> {
  const forms = new Map<string, ToolForm>()
  const add = (tool: Document, namespace?: string): void => {
    const name = asText(tool['name']) ?? ''
    const isCustom = tool['type'] === 'custom'
    if (namespace === undefined) forms.set(name, { name, isCustom })
    else forms.set(flatName(namespace, name), { name, namespace, isCustom })
  }
  for (const tool of objectsOf(request['tools'])) {
    if (tool['type'] !== 'namespace') add(tool)
    else for (const inner of objectsOf(tool['tools'])) add(inner, asText(tool['name']) ?? '')
  }
  return forms
}

/** How a tool that is called was declared; one that was not is called as a function. */
export const formOf = (forms: Map<string, ToolForm>, name: string): ToolForm =>
  forms.get(name) ?? { name, isCustom: false }
