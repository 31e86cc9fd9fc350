// Compiles the files of lib that are not compiled yet, for set-up: node lib/typescript/fill.mjs
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCompiler, sourcesOf } from './compile.mjs'

const root = path.resolve(fileURLToPath(new URL('../..', import.meta.url)))
const { isKept, compile } = createCompiler(root)
const missing = sourcesOf(root).filter((file) => !isKept(file))
for (const file of missing) compile(file)
process.stdout.write(`${missing.length}\n`)
