import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** What of a value is not as a type says; empty: nothing. */
export type TypeCheck = (value: unknown) => string[]

/** Fields that the SDKs make themselves: they are in their types, and never on the wire. */
const madeBySdk = new Set(['output_text', '_request_id'])

/**
 * Checks of values against types that the vendors' own SDKs publish, which are generated from the
 * vendors' schemas. A type is written as TypeScript: `import('openai').OpenAI.Model`.
 */
export function publishedTypes<Name extends string>(
  types: Readonly<Record<Name, string>>,
): Record<Name, TypeCheck> {
  const names = Object.keys(types) as Name[]
  const file = `${dirname(fileURLToPath(import.meta.url))}/wanted-types.mts`
  const text = names.map((name) => `export declare const ${name}: ${types[name]}`).join('\n')
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2024,
    strict: true,
    skipLibCheck: true,
    types: [],
  }
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile.bind(host)
  host.getSourceFile = (path, target, ...rest) =>
    path === file ? ts.createSourceFile(path, text, target) : read(path, target, ...rest)
  const fileExists = host.fileExists.bind(host)
  host.fileExists = (path) => path === file || fileExists(path)
  const program = ts.createProgram([file], options, host)
  const source = program.getSourceFile(file)
  if (!source) throw new Error('The types were not read.')
  const mistakes = program.getSemanticDiagnostics(source)
  if (mistakes[0]) throw new Error(ts.flattenDiagnosticMessageText(mistakes[0].messageText, '\n'))
  const walk = new TypeWalk(program.getTypeChecker(), source)
  const checks = source.statements.filter(ts.isVariableStatement).flatMap((statement) =>
    statement.declarationList.declarations.map((declaration): [string, TypeCheck] => {
      const type = walk.checker.getTypeAtLocation(declaration)
      return [declaration.name.getText(source), (value) => walk.problems(value, type, '')]
    }),
  )
  return Object.fromEntries(checks) as Record<Name, TypeCheck>
}

class TypeWalk {
  constructor(
    readonly checker: ts.TypeChecker,
    private readonly source: ts.SourceFile,
  ) {}

  problems(value: unknown, type: ts.Type, path: string): string[] {
    if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return []
    if (type.isUnion()) return this.problemsOfUnion(value, type, path)
    if (type.isIntersection()) return this.problemsOfIntersection(value, type, path)
    const primitive = this.isPrimitive(value, type)
    if (primitive !== undefined) {
      return primitive ? [] : [`${path}: ${JSON.stringify(value)} is not ${this.checker.typeToString(type)}`]
    }
    if (typeof value !== 'object' || value === null) {
      return this.checker.typeToString(type) === '{}' && value !== undefined && value !== null
        ? []
        : [`${path}: ${JSON.stringify(value)} is not ${this.checker.typeToString(type)}`]
    }
    if (this.checker.isArrayType(type)) {
      const [item] = this.checker.getTypeArguments(type as ts.TypeReference)
      if (!Array.isArray(value)) return [`${path}: is no list`]
      return value.flatMap((element, at) => (item ? this.problems(element, item, `${path}[${at}]`) : []))
    }
    return Array.isArray(value)
      ? [`${path}: is a list`]
      : this.problemsOfObject(value as Record<string, unknown>, type, path)
  }

  /** Undefined: the type is none of a text, a number, … */
  private isPrimitive(value: unknown, type: ts.Type): boolean | undefined {
    const { flags } = type
    if (type.isStringLiteral() || type.isNumberLiteral()) return value === type.value
    if (flags & ts.TypeFlags.BooleanLiteral) return String(value) === this.checker.typeToString(type)
    if (flags & ts.TypeFlags.String) return typeof value === 'string'
    if (flags & ts.TypeFlags.Number) return typeof value === 'number'
    if (flags & ts.TypeFlags.Boolean) return typeof value === 'boolean'
    if (flags & ts.TypeFlags.Null) return value === null
    if (flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void)) return value === undefined
    return undefined
  }

  private problemsOfUnion(value: unknown, type: ts.UnionType, path: string): string[] {
    let nearest: string[] | undefined
    for (const member of type.types) {
      const found = this.problems(value, member, path)
      if (found.length === 0) return []
      if (this.isMeant(value, member)) nearest = found
    }
    return nearest ?? [`${path}: ${JSON.stringify(value)?.slice(0, 200)} is of no type that may stand there`]
  }

  /** Whether an object says by its `type` or `object` that it is this member of a union. */
  private isMeant(value: unknown, member: ts.Type): boolean {
    if (typeof value !== 'object' || value === null || !(member.flags & ts.TypeFlags.Object)) return false
    const named = member.getProperty('type')
    if (!named) return true
    const name = this.checker.getTypeOfSymbolAtLocation(named, this.source)
    return this.problems((value as { type?: unknown }).type, name, '').length === 0
  }

  /** `string & {}` stands for any text beside those that are listed. */
  private problemsOfIntersection(value: unknown, type: ts.IntersectionType, path: string): string[] {
    return type.types.flatMap((member) => this.problems(value, member, path))
  }

  private problemsOfObject(value: Record<string, unknown>, type: ts.Type, path: string): string[] {
    const properties = this.checker.getPropertiesOfType(type)
    const found = properties.flatMap((property) => {
      const { name } = property
      if (madeBySdk.has(name)) return []
      if (value[name] === undefined) {
        return property.flags & ts.SymbolFlags.Optional ? [] : [`${path}.${name}: is missing`]
      }
      const wanted = this.checker.getTypeOfSymbolAtLocation(property, this.source)
      return this.problems(value[name], wanted, `${path}.${name}`)
    })
    const others = this.checker.getIndexTypeOfType(type, ts.IndexKind.String)
    if (!others) return found
    const known = new Set(properties.map(({ name }) => name))
    return [
      ...found,
      ...Object.entries(value).flatMap(([name, field]) =>
        known.has(name) ? [] : this.problems(field, others, `${path}.${name}`),
      ),
    ]
  }
}
