import type { LoadPlan } from './load/plan.js'
import { runLoad } from './load/run.js'
import { followParent, tellParent } from './machine/parent.js'
import { goFirst } from './machine/priority.js'

goFirst()

followParent((line) => {
  runLoad(JSON.parse(line) as LoadPlan).then(tellParent, (error: unknown) =>
    tellParent({ failure: error instanceof Error ? error.message : String(error) }),
  )
})
