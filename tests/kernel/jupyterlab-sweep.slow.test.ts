import assert from 'node:assert/strict'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { root } from '../shared.js'
import { cellOf, type Lab, openLab, outputOf, runCell, systemChromium } from './jupyterlab.js'

const skip =
  systemChromium() === null
    ? 'there is no Chromium (apt-get install chromium)'
    : existsSync(path.join(root, '.venv', 'bin', 'jupyter-lab'))
      ? false
      : 'there is no JupyterLab in .venv (npm run setup)'

const SWEEP = `import { sudoku, sweep } from '../lib'
const data = await sudoku({ box: '2x2', clues: 6, train: 100, test: 50, seed: 0 })
const base = { hidden: 32, heads: 2, T: 2, n: 2, K: 4, batch: 32, trainSteps: 600, evalEvery: 60, checkpointEvery: 100 }
const runs = await sweep(base, { mixer: ['mlp', 'attention'], seed: [0, 1, 2] }, data, { workers: 2, resultsDir: '../results' })
runs.coverage`

let lab: Lab
before(async () => {
  if (skip) return
  lab = await openLab([SWEEP])
  mkdirSync(path.join(lab.folder, '.recurlab'), { recursive: true })
  for (const name of ['.recurlab/native', '.venv']) symlinkSync(path.join(root, name), path.join(lab.folder, name))
})
after(() => lab?.close())

const stop = (page: Lab['page']): Promise<void> =>
  page.locator('[data-command="notebook:interrupt-kernel"], [title^="Interrupt the kernel"]').first().click()

test('in JupyterLab a sweep of two processes shows its line, its table and its curves; the stop button saves, and the same cell goes on', {
  skip,
}, async () => {
  const { page } = lab
  const cell = cellOf(page, 1)
  await runCell(page, 1)
  // The curves come with the first losses, the table's states with the runs.
  await outputOf(page, 1, /2 of 6 runs at work on 2 processes/)
  await cell
    .locator('table td', { hasText: /running \d+ %/ })
    .first()
    .waitFor({ timeout: 240_000 })
  await cell
    .locator('.jp-OutputArea-output img, .js-plotly-plot, .jp-RenderedSVG')
    .first()
    .waitFor({ timeout: 240_000 })
  await page.waitForTimeout(4000)
  await lab.screenshot('20-sweep-running')
  await stop(page)
  await outputOf(page, 1, /stopped, saved: 6 runs: .*run the cell again/)
  // JupyterLab draws the table's last update and the error each in its own time.
  await cell
    .locator('table', { hasText: /interrupted \d+ %/ })
    .first()
    .waitFor({ timeout: 20_000 })
  assert.doesNotMatch((await cell.locator('table').first().textContent())!, /running/)
  await lab.screenshot('21-sweep-stopped')
  await runCell(page, 1)
  await outputOf(page, 1, /2 of 6 runs at work on 2 processes/)
  await outputOf(page, 1, /6 runs: 6 to train/)
  await stop(page)
  await outputOf(page, 1, /stopped, saved: 6 runs: .*run the cell again/)
})
