import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { startBackend } from '../../lib/backend/index.js'
import { type Dataset, train } from '../../lib/index.js'
import { listRuns } from '../../lib/results/run.js'
import { root, tsx } from '../shared.js'
import { scratch } from './faults.js'
import { pocket, pocketData } from './pocket.js'

const folder = scratch('file-systems')
let data: Dataset
before(async () => {
  await startBackend()
  data = await pocketData()
})

/** How a process gets file systems of its own to mount; null where it may not. */
function namespace(): readonly string[] | null {
  for (const how of [['-m'], ['-rm']] as const) {
    const { status } = spawnSync('unshare', [...how, 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', folder])
    if (status === 0) return how
  }
  return null
}

interface Seen {
  readonly full: string
  readonly state: string
  readonly message: string
  readonly checkpoint: number
  readonly hidden: readonly string[]
  readonly fullFirst: string
  readonly whenFull: { readonly runs: readonly string[]; readonly damaged: readonly unknown[] }
  readonly isEqual: boolean
  readonly readOnly: Readonly<Record<string, string | null>>
  readonly isUnchanged: boolean
}

const how = namespace()
const skip = how === null && 'this process may not mount file systems, not even in a namespace of its own'

test('a run on a full file system of 8 MiB says so and goes on to the same end once there is room; a read-only one is read and says once that it is', {
  skip,
}, () => {
  const place = path.join(folder, 'small')
  mkdirSync(place)
  const child = path.join(import.meta.dirname, 'small-file-system.ts')
  const args = [...how!, process.execPath, '--import', tsx, child, place]
  const seen = JSON.parse(
    execFileSync('unshare', args, { encoding: 'utf8', cwd: root }).trim().split('\n').at(-1)!,
  ) as Seen
  const full = /expected .*, found no space left on device \(ENOSPC\)\. Free some space, or choose another folder/
  assert.match(seen.full, /^UserError: .*checkpoint-\d+\.safetensors: /)
  assert.match(seen.full, full)
  assert.ok(seen.full.includes(seen.message), 'the record has the reason')
  assert.equal(seen.state, 'failed')
  assert.ok(seen.checkpoint > 1 && seen.checkpoint < 12, String(seen.checkpoint))
  assert.deepEqual(seen.hidden, [])
  assert.match(seen.fullFirst, full)
  assert.deepEqual(seen.whenFull, { runs: ['failed'], damaged: [] })
  assert.ok(seen.isEqual, 'the resumed run is the unbroken one')
  const { reused, read, again, ...others } = seen.readOnly
  assert.deepEqual([reused, read], [null, null])
  assert.match(again!, /all 12 steps done/)
  for (const [name, message] of Object.entries(others))
    assert.match(
      String(message),
      /^UserError: [^\n]*: expected [^\n]*, found read-only file system \(EROFS\)\. [A-Z]/,
      name,
    )
  assert.ok(seen.isUnchanged)
})

/** When a folder goes, by the callback of a run's observer. */
const MOMENTS = ['onStart', 'onStep', 'onEvaluating', 'onEvaluation'] as const

/** The fate of a run's folder, and the words for it. */
const GOING: Readonly<Record<string, (resultsDir: string, dir: string) => void>> = {
  'a run is removed': (_, dir) => rmSync(dir, { recursive: true }),
  'a run is renamed': (_, dir) => renameSync(dir, `${dir}-moved`),
  'the results are removed': (resultsDir) => rmSync(resultsDir, { recursive: true }),
  'the results are renamed': (resultsDir) => renameSync(resultsDir, `${resultsDir}-moved`),
}

for (const [what, go] of Object.entries(GOING))
  test(`where ${what} under a run it says so, no folder comes back, and the other runs are listed`, async () => {
    for (const moment of MOMENTS) {
      const resultsDir = path.join(folder, `${what.replaceAll(' ', '-')}-${moment}`)
      let dir = ''
      let calls = 0
      const now = (): void => {
        if (calls++ === 0) go(resultsDir, dir)
      }
      const observer = {
        onStart: ({ id }: { id: string }) => {
          dir = path.join(resultsDir, 'runs', id)
          if (moment === 'onStart') now()
        },
        ...(moment === 'onStart' ? {} : { [moment]: now }),
      }
      await assert.rejects(train(pocket, data, { resultsDir, observer, estimate: false }), (error: Error) => {
        assert.equal(error.name, 'UserError', error.stack)
        assert.ok(error.message.startsWith(dir), error.message)
        assert.match(
          error.message,
          /found none: it was removed or moved in the meantime\. If it was moved, recurlab resume/,
        )
        return true
      })
      assert.ok(!existsSync(dir), 'a ghost')
      const moved = existsSync(`${dir}-moved`) || existsSync(`${resultsDir}-moved`)
      assert.equal(existsSync(path.join(resultsDir, 'runs')), what.includes('a run'), 'a ghost of the results')
      const listing = listRuns(resultsDir)
      assert.deepEqual([listing.runs.length, listing.damaged], [what === 'a run is renamed' ? 1 : 0, []])
      assert.equal(moved, what.includes('renamed'))
      await train(pocket, data, { resultsDir, observer: {}, estimate: false })
      const left = readdirSync(path.join(resultsDir, 'runs'))
      assert.equal(left.length, what === 'a run is renamed' ? 2 : 1, String(left))
    }
  })
