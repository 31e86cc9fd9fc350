import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { bareCheckout, runNode } from './setup-helpers.js'

test('a test that awaits at its top runs, and one that throws there, or fails, is reported with its line', (t) => {
  const checkout = bareCheckout(t)
  writeFileSync(path.join(checkout, 'value.ts'), 'export const two: number = 2\n')
  const outcome = (name: string, ...lines: string[]): string => {
    writeFileSync(path.join(checkout, `${name}.test.ts`), `${lines.join('\n')}\n`)
    const loader = path.join(checkout, 'lib', 'setup', 'test-loader.mjs')
    return runNode(checkout, ['--import', loader, '--test', `${name}.test.ts`]).stdout
  }
  const start = ["import assert from 'node:assert/strict'", "import { test } from 'node:test'"]
  const value = 'const { two } = await import(`./value.js`)'
  const good = outcome('good', ...start, value, "test('adds', () => assert.equal(two + 2, 4))")
  assert.match(good, /^# pass 1$/m)
  assert.match(good, /^# fail 0$/m)
  const wrong = outcome('wrong', ...start, value, "test('adds', () => {", '  assert.equal(two + 2, 5)', '})')
  assert.match(wrong, /^# fail 1$/m)
  assert.match(wrong, /wrong\.test\.ts:5:10/)
  const broken = outcome('broken', ...start, 'await 0', 'throw new Error(`not here`)', "test('adds', () => {})")
  assert.match(broken, /^# fail 1$/m)
  assert.match(broken, /not here/)
  assert.match(broken, /broken\.test\.ts:4:7/)
})
