#!/usr/bin/env node
// The command `recurlab`: hands over to main.ts, which is compiled when it is loaded.
import './signals.mjs'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { machineLacks, settleTemporaryFolder } from '../setup/machine.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '')

const lacks = machineLacks()
if (lacks !== null) {
  process.stderr.write(`recurlab: ${lacks}\n`)
  process.exitCode = 1
} else if (existsSync(`${root}/node_modules/typescript`)) {
  const settled = settleTemporaryFolder(root)
  if (settled !== null) process.stderr.write(`recurlab: ${settled}\n`)
  const main = await loaded()
  if (main) process.exitCode = await main(process.argv.slice(2))
} else {
  process.stderr.write('recurlab: expected the npm packages in node_modules, found none. Run npm run setup.\n')
  process.exitCode = 1
}

/** @returns {Promise<((argv: string[]) => Promise<number>) | null>} the command; null if a damaged package keeps it from loading */
async function loaded() {
  try {
    const { registerTypeScript } = await import('../typescript/hook.mjs')
    registerTypeScript(root)
    return createRequire(import.meta.url)('./main.ts').main
  } catch (error) {
    if (process.env.RECURLAB_DEBUG || !(error instanceof Error) || !error.stack?.includes('node_modules')) throw error
    const reason = error.message.split('\n')[0]
    process.stderr.write(
      `recurlab: the command cannot be loaded: ${reason}. Run npm run setup, which mends damaged files.\n`,
    )
    process.exitCode = 1
    return null
  }
}
