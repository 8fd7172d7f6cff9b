// Runs on whatever Node is there, so it is written for old ones: no static import, since `node:` would be refused.
const [major] = process.versions.node.split('.').map(Number)
if (major < 20) {
  console.error(
    `Weir needs Node 20 or later to start, and this is Node ${process.versions.node}: ` +
      'install a current one from https://nodejs.org and run the command again.',
  )
  process.exit(1)
}
import('./bootstrap/main.mjs').then(({ main }) => main(process.argv.slice(2)))
