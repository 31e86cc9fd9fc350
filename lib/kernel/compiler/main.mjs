// The compiler's process without a snapshot: node main.mjs, with questions on standard input.
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { registerTypeScript } from '../../typescript/hook.mjs'

registerTypeScript(path.resolve(fileURLToPath(new URL('../../..', import.meta.url))))
createRequire(import.meta.url)('./start.ts').start()
