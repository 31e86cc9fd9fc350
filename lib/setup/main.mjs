// npm start, npm test, npm run setup, setup:gpu, lab, test:unit, test:long, typecheck, lint, check. It uses only Node's own
// modules, because it runs before any package is installed.
import { machineLacks, settleTemporaryFolder } from './machine.mjs'
import { root } from './paths.mjs'

// Without a listener, SIGUSR1 would open Node's debugger to every user of this machine.
process.on('SIGUSR1', () => {
  if (process.listenerCount('SIGUSR1') === 1) process.exit(128 + 10)
})

const lacks = machineLacks()
if (lacks === null) {
  const settled = settleTemporaryFolder(root)
  if (settled !== null) process.stderr.write(`recurlab set-up: ${settled}\n`)
  const { runCommand } = await import('./commands.mjs')
  process.exitCode = await runCommand(process.argv.slice(2))
} else {
  process.stderr.write(`recurlab set-up: ${lacks}\n`)
  process.exitCode = 1
}
