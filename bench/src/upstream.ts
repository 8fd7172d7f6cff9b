import { followParent, tellParent } from './machine/parent.js'
import { startUpstream } from './upstream/server.js'
import { goFirst } from './machine/priority.js'

goFirst()

/** Asks the upstream's process for something; each is answered by one line. */
export type UpstreamCommand = { stats: true } | { paceMs: number }

const upstream = await startUpstream()
followParent((line) => {
  const command = JSON.parse(line) as UpstreamCommand
  if ('paceMs' in command) upstream.paceMs = command.paceMs
  tellParent(upstream.stats)
})
tellParent({ baseUrl: upstream.baseUrl })
