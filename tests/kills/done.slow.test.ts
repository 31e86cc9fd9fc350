import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { listRuns } from '../../lib/results/run.js'
import { command, kill, temporaryFolder } from './victim.js'

const POCKET = [
  'hidden=16',
  'heads=2',
  'batch=8',
  'T=1',
  'n=1',
  'K=2',
  'trainPuzzles=20',
  'testPuzzles=6',
  'trainSteps=4',
]

/** A command that writes one file or folder, `out`, and what it needs before. */
interface Writer {
  args(folder: string, out: string): string[]
  prepare?(folder: string): Promise<void> | void
}

const writers: Readonly<Record<string, Writer>> = {
  'data build': {
    args: (_, out) => ['data', 'build', 'sudoku', 'box=2x2', 'clues=6', 'train=20', 'test=6', `out=${out}`],
  },
  report: {
    prepare: async (folder) => {
      const { code, stderr } = await command(folder, ['train', 'sudoku-pocket', ...POCKET, `out=${folder}`])
      assert.equal(code, 0, stderr)
    },
    args: (folder, out) => ['report', listRuns(folder).runs[0]!.id, `results=${folder}`, `out=${out}`],
  },
  run: {
    prepare(folder) {
      mkdirSync(folder)
      const metadata = { kernelspec: { name: 'recurlab', display_name: 'Recurlab', language: 'typescript' } }
      const cell = { cell_type: 'code', id: 'a', metadata: {}, outputs: [], execution_count: null, source: '1 + 1' }
      const notebook = { cells: [cell], metadata, nbformat: 4, nbformat_minor: 5 }
      writeFileSync(path.join(folder, 'a.ipynb'), JSON.stringify(notebook))
    },
    args: (folder, out) => ['run', path.join(folder, 'a.ipynb'), '--out', out],
  },
}
const ENDS: Readonly<Record<string, string>> = { 'data build': 'data', report: 'a.html', run: 'out.ipynb' }

for (const [name, { args, prepare }] of Object.entries(writers))
  test(`a signal after the last file operation of ${name} changes nothing: what is written is told`, async () => {
    const made = async (): Promise<[folder: string, out: string]> => {
      const folder = temporaryFolder()
      await prepare?.(folder)
      return [folder, path.join(folder, ENDS[name]!)]
    }
    const [folder, out] = await made()
    const whole = await command(folder, args(folder, out), { count: `${folder}.count` })
    assert.equal(whole.code, 0, whole.stderr)
    const operation = Number(readFileSync(`${folder}.count`, 'utf8').trim().split('\n').at(-1))
    const [again, file] = await made()
    const last = kill(again, { operation, signal: 'SIGTERM' })
    const { code, stdout, stderr } = await command(again, args(again, file), { kills: [last] })
    assert.ok(existsSync(last.mark), 'the signal came')
    assert.equal(code, 0, stderr)
    assert.ok(existsSync(file))
    assert.match(stdout, /written|Executed/)
    assert.equal(stderr.includes('stopped by'), false, stderr)
  })
