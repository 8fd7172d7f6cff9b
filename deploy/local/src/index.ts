export { LaunchError } from './launch-error.js'
export type { Supervised } from './supervised.js'
export { startWeir } from './weir.js'
export type { StartWeirOptions, Weir, WeirProcess } from './weir.js'
