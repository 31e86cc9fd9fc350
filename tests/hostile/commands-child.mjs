// Runs command lines one after the other in one process, as the command does, with a mark after each.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { registerTypeScript } from '../../lib/typescript/hook.mjs'

registerTypeScript(path.resolve(import.meta.dirname, '..', '..'))
const { main } = createRequire(import.meta.url)('../../lib/cli/main.ts')
for (const [i, words] of JSON.parse(readFileSync(0, 'utf8')).entries()) {
  const code = await main(words)
  for (const stream of [process.stdout, process.stderr]) stream.write(`\n@@ ${i} ${code}\n`)
}
