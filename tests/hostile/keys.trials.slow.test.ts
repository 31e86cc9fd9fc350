import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { UserError } from '../../lib/errors.js'
import { temporaryFolder } from '../results/fixture.js'
import { trials } from '../trials.js'
import { entrances } from './entrances.js'
import { changedPrototypes, hostileKeys } from './keys.js'

const folder = temporaryFolder()
const cases = Object.keys(entrances).flatMap((entrance) => hostileKeys.map((key) => ({ entrance, key })))

/** Text that only a function or a prototype that was taken for data has. */
const INHERITED = /native code|\[object Object\]|function (Object|toString)|undefined in/

async function attempt({ entrance, key }: (typeof cases)[number]): Promise<void> {
  const where = `${entrance}, key ${JSON.stringify(key.slice(0, 40))}`
  let seen: string
  try {
    const made = await entrances[entrance]!(key, folder)
    seen = typeof made === 'string' ? made : inspect(made, { depth: 6, maxStringLength: null })
  } catch (error) {
    assert.ok(error instanceof UserError, `${where}: ${error instanceof Error ? error.stack : error}`)
    assert.doesNotMatch(error.message, /\n\s+at /, where)
    assert.ok(error.message.length < 9000, `${where}: ${error.message.length} characters`)
    seen = error.message
  }
  assert.doesNotMatch(seen.replaceAll(key, ''), INHERITED, where)
  assert.deepEqual(changedPrototypes(), [], where)
  assert.equal(({} as { polluted?: unknown }).polluted, undefined, where)
}

test(
  ...trials(
    'a hostile key is one clear error or plain data at every entrance, and changes no prototype',
    { cases, sample: 330 },
    attempt,
  ),
)
