import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import ts from 'typescript'
import { ui } from '../../lib/index.js'
import { writeNotebook } from '../../lib/notebook/notebook.js'
import { widgetHtml } from '../../lib/notebook/widgets/picture.js'
import { withoutLiveWidgets } from '../../lib/notebook/widgets/saved.js'
import { root } from '../shared.js'
import { cellOf, kernelIsConnected, type Lab, openLab, outputOf, runCell, systemChromium } from './jupyterlab.js'

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
  `let turns = 0\nconsole.log('turning')\nfor (;;) turns++`,
  `turns > 0`,
  `import { answer } from '../lib/chain.js'\nanswer()`,
  `show(curves([{ name: 'mlp', seed: 0, x: [0, 1, 2], y: [0, 50, 90] }], { x: 'step', y: 'exact accuracy (%)' }))`,
  `import { configSchema, ui } from '../lib'\nconst panel = ui.controls(configSchema, { keys: ['mixer', 'T', 'lr'] })\npanel`,
  `[panel.value.T, panel.value.lr === ui.controls(configSchema).value.lr]`,
  `await ui.input('Name of the run: ')`,
  `import { train } from '../lib'`,
  `train({ puz`,
  `import { beside } from '../lib/plot/beside.js'
const line = (y: string) => curves([{ name: 'a name that is long enough', x: [0, 1], y: [0, 90] }, { name: 'attention', x: [0, 1], y: [0, 50] }], { x: 'step', y })
show(beside(line('test.exact (%)'), line('train.loss')))`,
  `import { progress } from '../lib'
const loop = progress(3, { label: 'run 6 of 6 (attention, seed 2)' })
for (const step of loop) loop.report({ 'train.loss': 0.8418, 'test.exact': 0.5, step })`,
  `show(Array.from({ length: 2500 }, (_, i) => ({ puzzle: i, accuracy: (i * 7919) % 2500 })))`,
  `import { showVersions, sudoku } from '../lib'
showVersions(await sudoku({ box: [3, 3], clues: 40, train: 1, test: 1, seed: 0 }), { count: 4 })`,
  `import { look, sudoku, train } from '../lib'
const pocket = await sudoku({ box: [2, 2], train: 8, test: 4, seed: 0 })
const tiny = { hidden: 16, heads: 2, layers: 1, T: 1, n: 2, K: 4, batch: 4, trainSteps: 2, evalEvery: 2 } as const
const trained = await train(tiny, pocket, { resultsDir: '../results' })
await look(trained, { example: 1 }, { data: pocket, rollouts: 3, noise: 0.3 })`,
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
  await handle.waitFor({ timeout: 240_000 })
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
  // The kernel is busy from the compilation of the cell on, and a cell that is stopped there has no variables.
  await outputOf(page, 5, /turning/)
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
  await outputOf(page, 7, /answer\.ts:1:\d+/)
  await outputOf(page, 7, /the answer is 42/)
  await lab.screenshot('4-edited-lib')
})

test('in JupyterLab a figure is an interactive plot', { skip }, async () => {
  const { page } = lab
  await runCell(page, 8)
  await cellOf(page, 8).locator('.js-plotly-plot .main-svg').first().waitFor({ timeout: 240_000 })
  await lab.screenshot('5-plot')
})

test('in JupyterLab a panel shows what a key means, takes over what is right and says what is not', {
  skip,
}, async () => {
  const { page } = lab
  await runCell(page, 9)
  const field = cellOf(page, 9).locator('.widget-text', { hasText: 'T' }).locator('input')
  await field.waitFor({ timeout: 240_000 })
  const words = await cellOf(page, 9)
    .locator('.widget-label [title]')
    .evaluateAll((all) => all.map((one) => one.title))
  assert.match(words.join('\n'), /^Token mixer.*\nT: Latent recursions.*\nPeak learning rate/)
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
  await cellOf(page, 12).locator('.jp-InputPrompt', { hasText: /\d/ }).waitFor({ timeout: 240_000 })
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

/** Widths of the window, with the file browser open. */
const WINDOWS = [1280, 1000] as const

test('in JupyterLab two plots beside each other fit the cell in a wide and in a narrow window, in both themes', {
  skip,
}, async () => {
  const { page } = lab
  await runCell(page, 14)
  const plot = cellOf(page, 14).locator('.js-plotly-plot')
  await plot.locator('.main-svg').first().waitFor({ timeout: 240_000 })
  for (const theme of ['JupyterLab Dark', 'JupyterLab Light']) {
    await page.evaluate(setTheme, theme)
    for (const width of WINDOWS) {
      await page.setViewportSize({ width, height: 1000 })
      const fits = await plot
        .evaluateHandle((node) => node.querySelector('.main-svg') as unknown as Placed)
        .then((svg) => page.waitForFunction(fitsItsCell, svg, { timeout: 120_000 }))
      assert.ok(await fits.jsonValue(), `${width} pixels`)
      await lab.screenshot(`9-two-plots-${width}-${theme.split(' ')[1]!.toLowerCase()}`)
    }
  }
  const grounds = await plot
    .locator('.main-svg')
    .evaluateAll((all) => all.map((each) => each.style.background || each.style.backgroundColor))
  assert.deepEqual([...new Set(grounds.filter((ground) => ground !== ''))], ['rgba(0, 0, 0, 0)'])
})

test('in JupyterLab a long line of progress is broken between its parts, not in a word', { skip }, async () => {
  const { page } = lab
  await page.setViewportSize({ width: 1000, height: 1000 })
  await runCell(page, 15)
  await outputOf(page, 15, /3\/3 steps/)
  const parts = cellOf(page, 15).locator('.recurlab-progress span')
  const shown = (): Promise<(readonly [string, number])[]> =>
    parts.evaluateAll((all) =>
      all.map((part) => [part.textContent ?? '', part.getBoundingClientRect().height] as const),
    )
  const broken = async (): Promise<unknown[]> => {
    const all = await shown()
    const line = Math.min(...all.map(([, height]) => height))
    return all.filter(([, height]) => height > 1.5 * line)
  }
  assert.ok((await shown()).some(([text]) => text === 'training loss 0.8418 (best 0.8418 at 0)'))
  // The window's new width reaches the cell some frames after the text.
  for (let tries = 0; tries < 300 && (await broken()).length > 0; tries++) await page.waitForTimeout(200)
  assert.deepEqual(await broken(), [])
  await lab.screenshot('10-progress-1000')
})

test('in JupyterLab a table of 2,500 rows is sorted by a click, and has pages', { skip }, async () => {
  const { page } = lab
  await page.setViewportSize({ width: 1280, height: 1000 })
  await runCell(page, 16)
  await outputOf(page, 16, /Rows 1–25 of 2,500/)
  await lab.screenshot('11-table')
  const cell = cellOf(page, 16)
  await cell.getByRole('button', { name: 'accuracy' }).click()
  await outputOf(page, 16, /by accuracy ▲/)
  await cell.getByTitle('Next page').click()
  const text = await outputOf(page, 16, /Rows 26–50 of 2,500 · by accuracy ▲/)
  assert.match(text, /accuracy ▲\n+25\n+26\n+27/)
  await lab.screenshot('12-table-sorted')
})

test('in JupyterLab a wide picture fits the cell', { skip }, async () => {
  const { page } = lab
  await page.setViewportSize({ width: 1000, height: 1000 })
  await runCell(page, 17)
  const picture = cellOf(page, 17).locator('.jp-RenderedSVG img')
  await picture.waitFor({ timeout: 240_000 })
  const boxes = () =>
    Promise.all([picture.boundingBox(), cellOf(page, 17).locator('.jp-OutputArea-output').boundingBox()])
  let [image, area] = await boxes()
  // JupyterLab may draw the output anew at the window's new width; for a moment it has no place then.
  for (let tries = 0; tries < 300 && (!image || !area || image.width <= 300); tries++) {
    await page.waitForTimeout(200)
    ;[image, area] = await boxes()
  }
  assert.ok(image!.width > 300 && image!.width <= area!.width + 1, `${image!.width} of ${area!.width} pixels`)
  await lab.screenshot('14-picture-1000')
})

test('in JupyterLab the player of look moves with its buttons and the arrow keys of its slider', { skip }, async () => {
  const { page } = lab
  await runCell(page, 18)
  const output = cellOf(page, 18).locator('.jp-OutputArea')
  const frame = (words: string) => output.locator(`[role=img][aria-label^="${words}"]`)
  await frame('Supervision step 4 of 4').waitFor({ timeout: 240_000 })
  const handle = output.locator('.noUi-handle')
  await handle.focus()
  await page.keyboard.press('ArrowLeft')
  await frame('Supervision step 3 of 4').waitFor()
  await output.getByRole('button', { name: '«' }).click()
  await frame('Start').waitFor()
  await output.locator('select').first().selectOption('by update')
  await handle.focus()
  for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowRight')
  await frame('Supervision step 1 of 4, update 2 of 3: z ← net(z + y + x)').waitFor()
  await page.evaluate(setTheme, 'JupyterLab Dark')
  // The theme fades in behind JupyterLab's logo.
  await page.waitForTimeout(2500)
  await lab.screenshot('15-player')
  await page.evaluate(setTheme, 'JupyterLab Light')
})

test('in JupyterLab a notebook that ran headless is opened and saved without a change, its panel readable', {
  skip,
}, async () => {
  const { page, folder } = lab
  const file = path.join(folder, 'notebooks', 'saved.ipynb')
  const panel = ui.column(
    ui.slider({ min: 0, max: 1, value: 0.25, label: 'rate' }),
    ui.text({ value: 'mlp', label: 'mixer' }),
  )
  const view = { 'application/vnd.jupyter.widget-view+json': { version_major: 2, version_minor: 0, model_id: 'gone' } }
  const output = {
    output_type: 'display_data' as const,
    metadata: {},
    data: { ...view, 'text/html': widgetHtml(panel.model.tree()), 'text/plain': String(panel) },
  }
  const cell = {
    cell_type: 'code' as const,
    id: 'a',
    metadata: {},
    execution_count: 1,
    source: 'panel',
    outputs: [output],
  }
  writeNotebook(file, withoutLiveWidgets({ nbformat: 4, nbformat_minor: 5, metadata: METADATA, cells: [cell] }))
  const before = readFileSync(file, 'utf8')
  await page.evaluate(openNotebook, 'notebooks/saved.ipynb')
  await page.waitForFunction(kernelIsConnected, undefined, { timeout: 240_000 })
  const shown = page.locator('.recurlab-widget:visible')
  await shown.waitFor({ timeout: 240_000 })
  assert.match(
    (await shown.textContent()) ?? '',
    /rate\s+0\.250\s*mixer\s+mlp\s*Shown as it was last\. Run the cell to operate it\./,
  )
  const bar = shown.locator('span span').first()
  const [filled, whole] = [await bar.boundingBox(), await bar.locator('..').boundingBox()]
  assert.ok(Math.abs(filled!.width / whole!.width - 0.25) < 0.02, 'the bar of a slider is drawn')
  assert.match(await bar.evaluate((node) => node.style.backgroundColor), /#808080|128, 128, 128/)
  await lab.screenshot('13-panel-untrusted')
  await page.evaluate(saveNotebook)
  assert.ok(readFileSync(file, 'utf8') === before, 'JupyterLab rewrites the file')
})

const METADATA = {
  kernelspec: { display_name: 'TypeScript (Recurlab)', language: 'typescript', name: 'recurlab' },
  language_info: {
    codemirror_mode: { mode: 'typescript', name: 'javascript', typescript: true },
    file_extension: '.ts',
    mimetype: 'text/typescript',
    name: 'typescript',
    nbconvert_exporter: 'script',
    pygments_lexer: 'typescript',
    version: ts.version,
  },
}

interface App {
  readonly commands: { execute(command: string, options: object): Promise<unknown> }
  readonly shell: { currentWidget: { context: { save(): Promise<void> } } }
}

// These run in the page.

async function setTheme(theme: string): Promise<void> {
  await (globalThis as unknown as { jupyterapp: App }).jupyterapp.commands.execute('apputils:change-theme', { theme })
}

async function openNotebook(path: string): Promise<void> {
  await (globalThis as unknown as { jupyterapp: App }).jupyterapp.commands.execute('docmanager:open', { path })
}

async function saveNotebook(): Promise<void> {
  await (globalThis as unknown as { jupyterapp: App }).jupyterapp.shell.currentWidget.context.save()
}

interface Placed {
  closest(selector: string): Placed
  getBoundingClientRect(): { readonly left: number; readonly right: number; readonly width: number }
}

function fitsItsCell(svg: Placed): boolean {
  const cell = svg.closest('.jp-OutputArea-output').getBoundingClientRect()
  const { left, right, width } = svg.getBoundingClientRect()
  return left >= cell.left - 1 && right <= cell.right + 1 && width > 0.95 * cell.width
}
