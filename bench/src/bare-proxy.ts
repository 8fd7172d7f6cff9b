import { startBareProxy } from './target/bare-server.js'
import { followParent, tellParent } from './machine/parent.js'

const { url } = await startBareProxy({
  upstream: process.env['BENCH_UPSTREAM'] ?? '',
  key: process.env['BENCH_UPSTREAM_KEY'] ?? '',
  model: process.env['BENCH_UPSTREAM_MODEL'] ?? '',
  dispatch: process.argv.includes('--dispatch'),
})
followParent()
tellParent({ url })
