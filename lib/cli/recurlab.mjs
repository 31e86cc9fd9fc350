#!/usr/bin/env node
// The command `recurlab`: hands over to main.ts through tsx, which runs TypeScript as it is.
import { register } from 'tsx/esm/api'

register()
const { main } = await import('./main.ts')
process.exitCode = await main(process.argv.slice(2))
