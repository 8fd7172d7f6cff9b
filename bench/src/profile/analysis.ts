import { placeOf, sourceLine, type CallFrame, type Place } from './place.js'

/** A .cpuprofile, as far as it is read here. Times are in microseconds. */
export interface CpuProfile {
  nodes: {
    id: number
    callFrame: CallFrame
    hitCount?: number
    children?: number[]
    positionTicks?: { line: number; ticks: number }[]
  }[]
  startTime: number
  endTime: number
  samples: number[]
  timeDeltas: number[]
  /** CPU time of the thread, added by our hook: the profiler's clock also runs while the thread waits for a core. */
  threadCpuUs?: number
}

/** Time of a function, a file or a package, in microseconds. */
export interface Share {
  name: string
  where: string
  us: number
}

/** Where a thread's time went. */
export interface ProfileAnalysis {
  /** All but idle, and all but waiting for a core: what the shares sum up to. */
  busyUs: number
  /** How much longer that took by the clock, because others had the core; 1 on a quiet machine. */
  stretch: number
  idleUs: number
  /** Garbage collection, Node's own modules, native code, each npm package, each of ours. */
  groups: Share[]
  /** Own code and packages by file. */
  files: Share[]
  /** Time in the function itself. */
  self: Share[]
  /** Time in the lines of our own code themselves, with what was inlined into them. */
  lines: Share[]
  /** Time of each function of ours with everything that it called, until that calls ours again. */
  charged: Share[]
  /** Time of each function of ours with everything below it. */
  total: Share[]
}

interface Node {
  frame: CallFrame
  place: Place
  selfUs: number
  ticks: { line: number; ticks: number }[]
  parent: Node | undefined
}

const idle = '(idle)'
const profilerFile = 'bench/src/profile/hook.ts'

export function analyze(profile: CpuProfile): ProfileAnalysis {
  const nodes = buildTree(profile)
  const sampledUs = nodes
    .filter(({ place }) => place.group !== idle)
    .reduce((sum, { selfUs }) => sum + selfUs, 0)
  const stretch = Math.max(1, sampledUs / (profile.threadCpuUs ?? sampledUs))
  for (const node of nodes) if (node.place.group !== idle) node.selfUs /= stretch
  const groups = new Sums()
  const files = new Sums()
  const self = new Sums()
  const lines = new Sums()
  const charged = new Sums()
  const total = new Sums()
  let busyUs = 0
  let idleUs = 0
  for (const node of nodes) {
    if (node.selfUs === 0 || ancestors(node).some(({ place }) => place.file === profilerFile)) continue
    const { place, selfUs } = node
    if (place.group === idle) {
      idleUs += selfUs
      continue
    }
    busyUs += selfUs
    groups.add(place.group, '', selfUs)
    if (place.file !== '') files.add(place.file, '', selfUs)
    self.add(nameOf(node), whereOf(place), selfUs)
    const owner = nearestOwn(node)
    if (owner === undefined) charged.add(`not below our code: ${entryOf(node)}`, '', selfUs)
    else charged.add(nameOf(owner), whereOf(owner.place), selfUs)
    addLines(lines, node)
    for (const ancestor of ownAncestors(node)) total.add(nameOf(ancestor), whereOf(ancestor.place), selfUs)
  }
  const [groupShares, fileShares] = [groups.sorted(), files.sorted()]
  return {
    busyUs,
    stretch,
    idleUs,
    groups: groupShares,
    files: fileShares,
    self: self.sorted(),
    lines: lines.sorted(),
    charged: charged.sorted(),
    total: total.sorted(),
  }
}

function buildTree({ nodes, samples, timeDeltas }: CpuProfile): Node[] {
  const byId = new Map<number, Node>()
  for (const { id, callFrame, positionTicks: ticks = [] } of nodes) {
    byId.set(id, { frame: callFrame, place: placeOf(callFrame), selfUs: 0, ticks, parent: undefined })
  }
  for (const { id, children = [] } of nodes) {
    for (const child of children) {
      const node = byId.get(child)
      if (node !== undefined) node.parent = byId.get(id)
    }
  }
  samples.forEach((id, i) => {
    const node = byId.get(id)
    // A delta may be negative where the clock was read out of order.
    if (node !== undefined) node.selfUs += Math.max(0, timeDeltas[i] ?? 0)
  })
  return [...byId.values()]
}

const nameOf = ({ frame }: Pick<Node, 'frame'>): string => frame.functionName || '(anonymous)'

const whereOf = ({ group, file, line }: Place): string => (file === '' ? group : `${file}:${line}`)

/** The node itself, then whoever called it, up to the root. */
function ancestors(node: Node): Node[] {
  const path: Node[] = []
  for (let at: Node | undefined = node; at !== undefined; at = at.parent) path.push(at)
  return path
}

const nearestOwn = (node: Node): Node | undefined => ancestors(node).find(({ place }) => place.own)

/** Each function of ours on the stack, once, however often it is in it. */
function ownAncestors(node: Node): Node[] {
  const own = ancestors(node).filter(({ place }) => place.own)
  return [
    ...new Map(own.map((ancestor) => [`${nameOf(ancestor)} ${whereOf(ancestor.place)}`, ancestor])).values(),
  ]
}

/** Of code that is not below any of ours: the first package that the event loop called, else how it began. */
function entryOf(node: Node): string {
  const path = ancestors(node)
    .reverse()
    .filter(({ frame }) => frame.functionName !== '(root)')
  const dependency = path.find(({ place }) => place.file.includes('/') && !place.file.startsWith('node:'))
  if (dependency !== undefined) return `${nameOf(dependency)} (${whereOf(dependency.place)})`
  return path.slice(0, 3).map(nameOf).join(' > ')
}

/** A node's time, spread over its lines as its samples were. */
function addLines(lines: Sums, { frame, place, selfUs, ticks }: Node): void {
  const all = ticks.reduce((sum, { ticks: count }) => sum + count, 0)
  if (!place.own || all === 0) return
  for (const { line, ticks: count } of ticks) {
    const source = sourceLine(frame.url, line)
    if (source !== undefined) lines.add(nameOf({ frame }), source, (selfUs * count) / all)
  }
}

class Sums {
  private readonly shares = new Map<string, Share>()

  add(name: string, where: string, us: number): void {
    const key = `${name} ${where}`
    const share = this.shares.get(key)
    if (share === undefined) this.shares.set(key, { name, where, us })
    else share.us += us
  }

  sorted(): Share[] {
    return [...this.shares.values()].sort((a, b) => b.us - a.us)
  }
}
