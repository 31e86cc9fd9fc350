import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { callOwn } from '../../lib/config/call-own.js'
import { Interrupted, UserError } from '../../lib/errors.js'
import { root } from '../shared.js'

/** The message of the error that a function's error becomes. */
function told(thrown: unknown): string {
  try {
    callOwn('task t', 'generate', () => {
      throw thrown
    })
  } catch (error) {
    assert.ok(error instanceof UserError)
    assert.equal(error.cause, thrown)
    return error.message
  }
  return assert.fail('nothing was thrown')
}

function withStack(error: Error, ...frames: string[]): Error {
  error.stack = [String(error), ...frames.map((frame) => `    at ${frame}`)].join('\n')
  return error
}

test('a function that returns is called through', () => {
  assert.equal(
    callOwn('task t', 'generate', () => 3),
    3,
  )
})

test('the line is the innermost one of the user, past packages and Node, and no line of the library', () => {
  const ours = ['callOwn (/project/lib/config/call-own.ts:17:12)', 'cell [9]:1:1']
  const message = (...frames: string[]): string => told(withStack(new RangeError('no row.'), ...frames, ...ours))
  assert.equal(
    message(
      `reshape (${path.join(root, 'node_modules/zod/index.js')}:1:2)`,
      'node:internal/x:3:4',
      'generate (cell [3]:2:9)',
    ),
    'task t: generate threw RangeError: no row (cell [3], line 2).',
  )
  assert.equal(message('cell [3]:5:9'), 'task t: generate threw RangeError: no row (cell [3], line 5).')
  const here = import.meta.filename
  const place = `task t: generate threw RangeError: no row (${here}, line 8).`
  assert.equal(message(`make (${pathToFileURL(here).href}:8:1)`), place)
  assert.equal(message(`rmsNorm (${path.join(root, 'lib/model/norm.ts')}:2:1)`, `make (${here}:8:1)`), place)
  assert.equal(message(`engine (${path.join(root, 'tfjs-core/src/engine.ts')}:2:1)`, `make (${here}:8:1)`), place)
  assert.equal(message('Array.map (<anonymous>)'), 'task t: generate threw RangeError: no row.')
  assert.equal(message(), 'task t: generate threw RangeError: no row.')
})

test('a message of several lines is one line; values that are no errors, and errors without a message or a stack, are told too', () => {
  assert.equal(told(withStack(new Error('two\n  lines.'))), 'task t: generate threw Error: two lines.')
  assert.equal(told('a text'), "task t: generate threw 'a text'.")
  assert.equal(told(undefined), 'task t: generate threw undefined.')
  const bare = new TypeError()
  Object.defineProperty(bare, 'stack', { value: undefined })
  assert.equal(told(bare), 'task t: generate threw TypeError.')
})

test('an interrupt passes unchanged', () => {
  const stop = new Interrupted('stopped')
  assert.throws(
    () =>
      callOwn('task t', 'generate', () => {
        throw stop
      }),
    (error) => error === stop,
  )
})
