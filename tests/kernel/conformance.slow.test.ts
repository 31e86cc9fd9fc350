import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'
import { root } from '../shared.js'
import { jupyterProcess, lacks } from './jupyter.js'

/** Every test of jupyter_kernel_test, without IPython's pager. */
const TESTS = [
  'test_clear_output',
  'test_completion',
  'test_display_data',
  'test_error',
  'test_execute_result',
  'test_execute_stderr',
  'test_execute_stdout',
  'test_history',
  'test_inspect',
  'test_is_complete',
  'test_kernel_info',
]

test('jupyter_kernel_test passes whole', { skip: lacks('jupyter_kernel_test') }, async (t) => {
  const { python, cwd, env } = jupyterProcess(t)
  const script = path.join(root, 'tests', 'kernel', 'conformance.py')
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
    execFile(python, [script], { cwd, env }, (_, stdout, stderr) => resolve({ stdout, stderr }))
  })
  const outcomes = new Map(stdout.split('\n').map((line) => line.split('\t') as [string, string]))
  for (const name of TESTS) t.diagnostic(`${name}: ${outcomes.get(name)}`)
  for (const name of TESTS) assert.equal(outcomes.get(name), 'passed', `${name}\n${stderr}`)
  assert.match(outcomes.get('test_pager') ?? '', /^skipped/)
})
