import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
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

const CELLS = [
  `let lr = 1e-3\nfunction train() { return lr }\ntrain()`,
  `lr = 1e-4\ntrain()`,
  `import { curves, show, ui } from '../lib'\nconst rate = ui.slider({ min: 1e-5, max: 1e-2, log: true, value: 1e-3, label: 'lr' })\nrate`,
  `rate.value`,
  `let turns = 0\nfor (;;) turns++`,
  `turns > 0`,
  `import { answer } from '../lib/chain.js'\nanswer()`,
  `show(curves([{ name: 'mlp', seed: 0, x: [0, 1, 2], y: [0, 50, 90] }], { x: 'step', y: 'exact accuracy (%)' }))`,
  `import { configSchema, ui } from '../lib'\nconst panel = ui.controls(configSchema, { keys: ['mixer', 'T', 'lr'] })\npanel`,
  `[panel.value.T, panel.value.lr === ui.controls(configSchema).value.lr]`,
  `await ui.input('Name of the run: ')`,
  `import { train } from '../lib'`,
  `train({ puz`,
]

const edit = (folder: string, text: string): void => writeFileSync(path.join(folder, 'lib', 'answer.ts'), text)

let lab: Lab
before(async () => {
  if (skip) return
  lab = await openLab(CELLS)
  edit(lab.folder, 'export const number = (): number => 41\n')
  writeFileSync(
    path.join(lab.folder, 'lib', 'chain.ts'),
    `import { number } from './answer.js'\nexport const answer = (): string => \`the answer is \${number()}\`\n`,
  )
})
after(() => lab?.close())

test('in JupyterLab a function sees the value that a later cell gave', { skip }, async () => {
  const { page } = lab
  await runCell(page, 1)
  await outputOf(page, 1, /0\.001/)
  await runCell(page, 2)
  await outputOf(page, 2, /0\.0001/)
  await lab.screenshot('1-closures')
})

test('in JupyterLab a slider is moved, and the next cell has its value', { skip }, async () => {
  const { page } = lab
  await runCell(page, 3)
  const handle = cellOf(page, 3).locator('.noUi-handle')
  await handle.waitFor({ timeout: 60_000 })
  await handle.focus()
  for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowRight')
  await lab.screenshot('2-slider')
  await runCell(page, 4)
  const value = Number((await outputOf(page, 4, /\d/)).trim())
  assert.ok(value > 1e-3 && value < 1e-2, String(value))
})

test("in JupyterLab the stop button ends a busy loop, and the cell's variables stay", { skip }, async () => {
  const { page } = lab
  await runCell(page, 5)
  await page.locator('.jp-Notebook-ExecutionIndicator[data-status="busy"]').waitFor()
  await page.locator('[data-command="notebook:interrupt-kernel"], [title^="Interrupt the kernel"]').first().click()
  await outputOf(page, 5, /Interrupted/)
  await lab.screenshot('3-stopped')
  await runCell(page, 6)
  await outputOf(page, 6, /true/)
})

test('in JupyterLab an edit in lib is seen by the next run of a cell, through a chain of imports', {
  skip,
}, async () => {
  const { page, folder } = lab
  await runCell(page, 7)
  await outputOf(page, 7, /the answer is 41/)
  edit(folder, 'export const number = (): number => 42\n')
  await runCell(page, 7)
  const text = await outputOf(page, 7, /the answer is 42/)
  assert.match(text, /Reloaded .*answer\.ts.*chain\.ts/)
  edit(folder, `export const number = (): number => 'broken'\n`)
  await runCell(page, 7)
  const warned = await outputOf(page, 7, /answer\.ts:1:\d+/)
  assert.match(warned, /the answer is 42/)
  await lab.screenshot('4-edited-lib')
})

test('in JupyterLab a figure is an interactive plot', { skip }, async () => {
  const { page } = lab
  await runCell(page, 8)
  await cellOf(page, 8).locator('.js-plotly-plot .main-svg').first().waitFor({ timeout: 60_000 })
  await lab.screenshot('5-plot')
})

test('in JupyterLab a panel shows what a key means, takes over what is right and says what is not', {
  skip,
}, async () => {
  const { page } = lab
  await runCell(page, 9)
  const field = cellOf(page, 9).locator('.widget-text', { hasText: 'T' }).locator('input')
  await field.waitFor({ timeout: 60_000 })
  const words = await cellOf(page, 9)
    .locator('.widget-label [title]')
    .evaluateAll((all) => all.map((one) => one.title))
  assert.match(words.join('\n'), /^What mixes tokens.*\nT: Latent recursions.*\nPeak learning rate/)
  await field.fill('none')
  await field.press('Tab')
  await outputOf(page, 9, /T: expected a number/)
  await lab.screenshot('6-panel')
  await field.fill('4')
  await field.press('Tab')
  await cellOf(page, 9).locator('.jp-OutputArea-output').filter({ hasNotText: 'expected' }).waitFor()
  await runCell(page, 10)
  await outputOf(page, 10, /\[ 4, true \]/)
})

test('in JupyterLab a cell asks for a line of input', { skip }, async () => {
  const { page } = lab
  await runCell(page, 11)
  await cellOf(page, 11).locator('.jp-Stdin-input').fill('first')
  await page.keyboard.press('Enter')
  await outputOf(page, 11, /'first'/)
  await lab.screenshot('7-input')
})

test('in JupyterLab keys of a configuration complete, with what they mean beside them', { skip }, async () => {
  const { page } = lab
  await runCell(page, 12)
  await cellOf(page, 12).locator('.jp-InputPrompt', { hasText: /\d/ }).waitFor({ timeout: 60_000 })
  const words = page.locator('.jp-Completer:not(.lm-mod-hidden) .jp-Completer-docpanel', { hasText: 'puzzle_emb_ndim' })
  // JupyterLab gives up on a kernel that does not answer within seconds, as a busy machine may not: then once more.
  for (let tries = 1; !(await words.isVisible()); tries++) {
    await cellOf(page, 13).locator('.cm-content').click()
    await page.keyboard.press('Control+End')
    await page.keyboard.press('Tab')
    await words.waitFor({ timeout: 15_000 }).catch((error: unknown) => {
      if (tries === 5) throw error
    })
  }
  await lab.screenshot('8-completion')
})
