// %% [markdown]
// # Two figures and a table for a two-column page
//
// Notebook 01 has trained the runs. `npx recurlab run results/paper/page.ts` writes what `page.tex` includes.

// %%
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { reportedSudoku, runs, runsOf, saveFigure } from '../../lib'

// %%
const stored = runsOf(runs({ task: 'sudoku', state: 'finished', trainSteps: 180, T: 2, n: 2, layers: 2, clues: 5, evalEvery: 60, seed: [0, 1, 2] }))
const names = { mlp: 'MLP', attention: 'self-attention' }
const print = { venue: 'icml', column: 'single' } as const
const curves = stored.curves('test.cells', { names })
const bars = stored.bars('test.exact', { mlp: reportedSudoku.trm, attention: reportedSudoku.selfAttention }, { names, reportedAs: 'in the paper (9×9)' })
await saveFigure(curves, path.resolve('curves.pdf'), print)
await saveFigure(bars, path.resolve('bars.pdf'), print)
const table = stored.summary('test.exact').toLatex({ reported: { table: '1' }, columns: ['mixer', 'exact accuracy (%)'], caption: 'Exact accuracy.', label: 'tab:exact' })
writeFileSync('table.tex', table)
console.log(stored.compare('mlp', 'attention').verdict)
console.log(curves.caption())
