#!/usr/bin/env node
// The command `recurlab`: hands over to main.ts through tsx, which runs TypeScript as it is.

const tsx = await import('tsx/esm/api').catch(() => null)
// `recurlab … | head` closes the pipe when it has seen enough: no mistake of anybody's.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

if (tsx) {
  tsx.register()
  const { main } = await import('./main.ts')
  process.exitCode = await main(process.argv.slice(2))
} else {
  process.stderr.write('recurlab: expected the npm packages in node_modules, found none. Run npm run setup.\n')
  process.exitCode = 1
}
