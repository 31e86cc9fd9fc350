import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { StartMeasurement } from '../bench/start.js'
import { recurlab } from './recurlab.js'
import { root } from './shared.js'

const skip = existsSync(path.join(root, '.venv', 'bin', 'python')) ? false : 'there is no .venv (npm run setup)'

test('bench start times the help, a tiny training, and a notebook to its first training step', { skip }, async () => {
  const { code, stdout, stderr } = await recurlab(['bench', 'start', 'rounds=1', '--json'])
  assert.equal(code, 0, stderr)
  const rows = JSON.parse(stdout) as StartMeasurement[]
  for (const { what, seconds } of rows) assert.ok(seconds.length === 1 && seconds[0]! > 0, `${what}: ${seconds}`)
  const of = (what: RegExp): number => rows.find((row) => what.test(row.what))!.seconds[0]!
  assert.ok(of(/first line/) <= of(/first cell/))
  assert.ok(of(/first cell/) + of(/import of lib/) <= of(/first training step/))
  assert.ok(of(/first training step/) < of(/run: end/))
  assert.ok(of(/--help/) > 0 && of(/five tiny steps/) > 0)
})

test('bench start names a key that it does not know', async () => {
  const { code, stderr } = await recurlab(['bench', 'start', 'turns=3'])
  assert.equal(code, 2)
  assert.match(stderr, /key turns: expected one of rounds/)
})
