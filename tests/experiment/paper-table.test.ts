import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { judge, paperTable, publishedClaims, reportedRow, reportedSudoku, reportedWhere } from '../../lib/index.js'
import { plainFigure } from '../../lib/plot/figure.js'
import { writeTable } from '../../lib/results/export.js'
import { gridRuns } from './grid-runs.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-claims-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const runs = gridRuns({ mixer: ['mlp', 'attention'], seed: [0, 1, 2] }, [0.9, 0.92, 0.94, 0.1, 0.12, 0.13])
const save = (scale: string, name: string, claims: Parameters<typeof judge>[1]): void => {
  mkdirSync(path.join(folder, scale), { recursive: true })
  writeTable(judge(runs, claims, { seeds: 3 }).table(), path.join(folder, scale, `${name}.verdicts.arrow`))
}
save('pocket', '01-mixers', [
  {
    claim: 'The MLP solves more',
    better: 'mlp',
    than: 'attention',
    reported: [reportedSudoku.trm, reportedSudoku.selfAttention],
  },
  { claim: 'No row of the paper', better: 'mlp', than: 'attention' },
])
save('lab', '15-lab', [
  {
    claim: 'HRM solves more',
    better: 'attention',
    than: 'mlp',
    expected: 'reversed',
    reported: [reportedRow('3', 'HRM, k=2, T=2'), reportedRow('3', 'TRM, k=2, T=2')],
  },
])

test('judged claims are read back from both scales', () => {
  const claims = publishedClaims(folder)
  assert.deepEqual(
    claims.map(({ scale, source, claim, seeds, verdict }) => [scale, source, claim, seeds, verdict]),
    [
      ['pocket', '01-mixers', 'The MLP solves more', 3, 'shows'],
      ['pocket', '01-mixers', 'No row of the paper', 3, 'shows'],
      ['lab', '15-lab', 'HRM solves more', 3, 'reversed'],
    ],
  )
})

test('the table has every row of Tables 1 to 5, and the difference of a measured one has the sign of the row', () => {
  const table = paperTable(publishedClaims(folder))
  const all = ['1', '2', '3', '4', '5'].flatMap((name) => reportedWhere({ table: name }))
  assert.deepEqual(
    table.all.map(({ reported }) => reported),
    all,
  )
  const [attention, other] = table.measured.table()
  assert.equal(table.measured.all.length, 2)
  assert.deepEqual(
    [attention!.row, attention!.against, attention!['reported difference'], attention!.verdict, attention!.notebook],
    ['TRM, self-attention', 'TRM (T=3, n=6)', -12.7, 'shows', '01'],
  )
  assert.match(String(attention!['pocket difference']), /^−80\.3 ± 1\.4 \(3\)$/)
  assert.equal(attention!['lab difference'], '')
  // The claim calls HRM better, which is reversed: the row is HRM's or TRM's, and the sign is that row's.
  assert.match(String(other!['lab difference']), /80\.3 ± 1\.4 \(3\)$/)
  assert.equal(String(other!['lab difference']).startsWith('−'), other!.row === 'HRM, k=2, T=2')
})

test('of claims against different rows, those against the reference of the table stand in the row', () => {
  const sudokuRow = (method: string) => reportedRow('4', method, 'Sudoku-Extreme')
  const claim = { better: 'mlp', than: 'attention' } as const
  save('pocket', '09-sudoku', [
    { ...claim, claim: 'HRM beats direct', reported: [sudokuRow('HRM'), sudokuRow('direct prediction')] },
    { ...claim, claim: 'TRM beats direct', reported: [sudokuRow('TRM-MLP'), sudokuRow('direct prediction')] },
  ])
  const row = paperTable(publishedClaims(folder)).all.find(
    ({ reported }) => reported.method === 'direct prediction' && reported.task === 'Sudoku-Extreme',
  )
  rmSync(path.join(folder, 'pocket', '09-sudoku.verdicts.arrow'))
  assert.equal(row!.against!.method, 'TRM-MLP')
  assert.deepEqual(
    row!.claims.map((each) => each.claim),
    ['TRM beats direct'],
  )
})

test('the figure draws each scale and the published differences', () => {
  const { data, layout } = plainFigure(paperTable(publishedClaims(folder)).figure())
  assert.deepEqual(
    data.map(({ name }) => name),
    ['pocket', 'lab', 'reported'],
  )
  assert.deepEqual(data[0]!.x, [(data[0]!.x as number[])[0]])
  assert.ok((data[0]!.x as number[])[0]! < -70)
  assert.deepEqual((layout.yaxis as { ticktext: string[] }).ticktext.length, 2)
})

test('a folder without tables, and a table that is another one, are one clear error', () => {
  assert.throws(() => publishedClaims(path.join(folder, 'nothing')), /expected tables pocket\/NAME\.verdicts\.arrow/)
  const other = path.join(folder, 'other', 'pocket')
  mkdirSync(other, { recursive: true })
  writeTable([{ a: 1 }], path.join(other, 'x.verdicts.arrow'))
  assert.throws(
    () => publishedClaims(path.dirname(other)),
    /x\.verdicts\.arrow: expected the table of judged claims, found no claim/,
  )
  writeFileSync(path.join(other, 'x.verdicts.arrow'), 'no Arrow')
  assert.throws(() => publishedClaims(path.dirname(other)), /x\.verdicts\.arrow: expected an Arrow IPC file/)
})
