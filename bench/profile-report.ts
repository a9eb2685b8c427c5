/** A profile in words: the time of one piece of work by package, by function, and as a tree of who called whom. */

type Place = { readonly functionName: string; readonly url: string; readonly lineNumber: number }
type Node = { readonly id: number; readonly callFrame: Place; readonly children?: readonly number[] }

/** Of V8's sampling profiler. Time in which the thread waited for the disk counts with the function that waited. */
export type Profile = {
  readonly nodes: readonly Node[]
  /** which node was at work, sample after sample */
  readonly samples: readonly number[]
  /** microseconds since the sample before */
  readonly timeDeltas: readonly number[]
}

type Branch = {
  readonly name: string
  readonly own: number
  readonly children: readonly Branch[]
  readonly all: number
}

/**
 * @param done how many pieces of work the profile is of
 * @param from ms; what takes less is left out of the tree
 */
export function tellOf(profile: Profile, { done, from }: { done: number; from: number }): string {
  const own = ownTimes(profile, done)
  const byId = new Map(profile.nodes.map((node) => [node.id, node]))
  const [packages, functions] = [new Map<string, number>(), new Map<string, number>()]
  for (const [id, time] of own) {
    const node = byId.get(id)
    if (!node) continue
    add(packages, packageOf(node.callFrame), time)
    add(functions, nameOf(node.callFrame), time)
  }
  const [root] = profile.nodes
  const tree = root ? branchOf([root], byId, own) : []
  return [
    list('by package, own ms', packages),
    list('by function, own ms', functions),
    'as a tree, ms with what it calls (own)',
    ...tree.flatMap((branch) => lines(branch, from, 0)),
  ].join('\n')
}

function ownTimes({ nodes, samples, timeDeltas }: Profile, done: number): Map<number, number> {
  const idle = new Set(nodes.filter((node) => node.callFrame.functionName === '(idle)').map(({ id }) => id))
  const own = new Map<number, number>()
  samples.forEach((id, n) => {
    if (!idle.has(id)) own.set(id, (own.get(id) ?? 0) + (timeDeltas[n] ?? 0) / 1000 / done)
  })
  return own
}

/** What several callers of one name called, together. */
function branchOf(nodes: readonly Node[], byId: Map<number, Node>, own: Map<number, number>): Branch[] {
  const named = Map.groupBy(nodes, ({ callFrame }) => nameOf(callFrame))
  return [...named].map(([name, same]) => {
    const called = same.flatMap(({ children = [] }) => children.flatMap((id) => byId.get(id) ?? []))
    const children = branchOf(called, byId, own)
    const self = same.reduce((sum, { id }) => sum + (own.get(id) ?? 0), 0)
    return { name, own: self, children, all: children.reduce((sum, { all }) => sum + all, self) }
  })
}

function lines({ name, own, children, all }: Branch, from: number, depth: number): string[] {
  if (all < from) return []
  const rest = children.toSorted((a, b) => b.all - a.all).flatMap((child) => lines(child, from, depth + 1))
  return [`${' '.repeat(depth)}${all.toFixed(3)} (${own.toFixed(3)}) ${name}`, ...rest]
}

function list(title: string, times: Map<string, number>): string {
  const most = [...times].toSorted(([, a], [, b]) => b - a).slice(0, 30)
  return [title, ...most.map(([name, time]) => `  ${time.toFixed(3)}  ${name}`), ''].join('\n')
}

const add = (times: Map<string, number>, name: string, time: number) =>
  times.set(name, (times.get(name) ?? 0) + time)

function packageOf({ url, functionName }: Place): string {
  const [, dependency] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
  if (dependency) return dependency
  const [, folder] = /\/(src\/[^/]+)/.exec(url) ?? []
  if (folder) return folder
  if (url.startsWith('node:')) return 'node'
  return functionName.startsWith('(') ? functionName : 'native'
}

function nameOf({ functionName, url, lineNumber }: Place): string {
  const [, end = url] = /\/((?:[^/]+\/){0,2}[^/]+)$/.exec(url) ?? []
  return `${functionName || '(anonymous)'}${url ? ` ${end}:${lineNumber + 1}` : ''}`
}
