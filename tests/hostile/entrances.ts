import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { runInThisContext } from 'node:vm'
import { ablationNamed } from '../../lib/ablations/index.js'
import { execute } from '../../lib/cli/main.js'
import { configFromText, parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import { exampleOf } from '../../lib/data/example.js'
import { recordMetrics } from '../../lib/evaluate/own-metrics.js'
import { defineTask } from '../../lib/experiment/data/define-task.js'
import { maze, queens, sudoku } from '../../lib/experiment/data/make-data.js'
import { resolveSlurm } from '../../lib/experiment/slurm/options.js'
import { expandGrid } from '../../lib/experiment/sweep/grid.js'
import { readArrow } from '../../lib/files/arrow.js'
import { rowsOfTable } from '../../lib/files/arrow-rows.js'
import { readConfigFile } from '../../lib/files/config-file.js'
import { readJson } from '../../lib/files/json.js'
import { readSafetensors } from '../../lib/files/safetensors.js'
import { parseStrictJson } from '../../lib/files/strict-json.js'
import { type FinishedRun, Runs } from '../../lib/index.js'
import { openTorchFile } from '../../lib/interop/formats/torch.js'
import { fromPublishedConfig } from '../../lib/interop/published-config.js'
import { readStored } from '../../lib/interop/weights-source.js'
import { bundleOf } from '../../lib/notebook/bundle.js'
import type { Notebook } from '../../lib/notebook/notebook.js'
import { injectParameters } from '../../lib/notebook/parameters.js'
import { dropdown } from '../../lib/notebook/widgets/choice.js'
import { withWidgetPictures } from '../../lib/notebook/widgets/saved.js'
import { bars } from '../../lib/plot/bars.js'
import { captionOf } from '../../lib/plot/sources.js'
import { recursion } from '../../lib/recursion/recursion.js'
import { toCsv, writeTable } from '../../lib/results/export.js'
import { runFilter } from '../../lib/results/filter.js'
import { newLabel } from '../../lib/results/label.js'
import { toLatex } from '../../lib/results/latex.js'
import { toMarkdown } from '../../lib/results/markdown.js'
import { reportedWhere } from '../../lib/results/reported.js'
import { formatTable } from '../../lib/results/text.js'
import { preset } from '../../lib/tasks/presets.js'
import { dictionary, floats, tensor, torchFile } from '../files/assemble.js'

/** A way for a name into the library. It returns what a user sees, or throws. */
export type Entrance = (key: string, folder: string) => unknown

/** An object with one property of its own, which JSON.parse makes of any name. */
const own = <T>(key: string, value: T): Record<string, T> => Object.fromEntries([[key, value]])

let files = 0
function stored(folder: string, ending: string, content: string | Uint8Array): string {
  const file = path.join(folder, `${files++}${ending}`)
  writeFileSync(file, content)
  return file
}

/** A file of safetensors with this header and so many bytes of zeros. */
function safetensors(header: object, size: number): Buffer {
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, Buffer.alloc(size)])
}

/** Runs a command line, and returns its exit code and what it printed. */
async function printed(...words: string[]): Promise<string> {
  const texts: string[] = []
  const streams = [process.stdout, process.stderr] as const
  const writes = streams.map(({ write }) => write)
  for (const stream of streams) stream.write = ((text: unknown) => texts.push(String(text)) > 0) as typeof stream.write
  try {
    const code = await execute(words)
    return `${code} ${texts.join('')}`
  } finally {
    for (const [i, stream] of streams.entries()) stream.write = writes[i]!
  }
}

const evaluation = (step: number, exact: number): FinishedRun['evaluations'][number] => ({
  step,
  'test.exact': exact,
  'test.cells': 0.9,
  'test.haltAccuracy': 1,
  'test.halted': 1,
  supervisionSteps: 2,
  puzzles: 10,
  scored: 10,
  trainSeconds: step,
  evaluationSeconds: 2,
})

/** Runs of two mixers, without training them. */
const runs = new Runs(
  (['mlp', 'attention'] as const).flatMap((mixer) =>
    [0, 1].map(
      (seed): FinishedRun => ({
        id: `run-${mixer}-${seed}`,
        dir: '',
        config: parseConfig({ hidden: 32, mixer, seed }),
        parameters: 1e6,
        evaluations: [evaluation(1, 0.1), evaluation(2, 0.2 + seed / 10)],
        metrics: [{ step: 1, 'train.loss': 1 }],
      }),
    ),
  ),
)

const grids = sudoku({ box: '2x2', train: 2, test: 2 })

const notebook = (source: string): Notebook => ({
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {},
  cells: [{ cell_type: 'code', metadata: { tags: ['parameters'] }, source, outputs: [], execution_count: null }],
})

/** A notebook of somebody else with a state of widgets under the name. */
function withStates(key: string): Notebook {
  const state = { model_name: 'VBoxModel', state: own('children', [`IPY_MODEL_${key}`]) }
  const widgets = { 'application/vnd.jupyter.widget-state+json': { state: { x: state } } }
  const view = (id: string) => ({ 'application/vnd.jupyter.widget-view+json': { model_id: id }, 'text/plain': 'w' })
  const outputs = ['x', key].map((id) => ({ output_type: 'display_data' as const, metadata: {}, data: view(id) }))
  return {
    ...notebook(''),
    metadata: { widgets },
    cells: [{ cell_type: 'code', metadata: {}, source: '', outputs, execution_count: null }],
  }
}

/** Every command line that takes a name, with the results folder of the test. */
const lines: Readonly<Record<string, (key: string, folder: string) => string[]>> = {
  'a command': (key) => [key],
  'an option': (key) => [`--${key}`],
  'an option of a command': (key, folder) => ['runs', `out=${folder}`, `--${key}`],
  'help of a command': (key) => ['help', key],
  'explain KEY': (key) => ['explain', key],
  'train PRESET': (key) => ['train', key],
  'train KEY=': (key, folder) => ['train', 'sudoku-pocket', `${key}=1`, `out=${folder}`, 'hidden=1'],
  'runs KEY=': (key, folder) => ['runs', `${key}=1`, `out=${folder}`],
  'runs sort=': (key, folder) => ['runs', `sort=${key}`, `out=${folder}`],
  'runs tag=': (key, folder) => ['runs', `tag=${key}`, `out=${folder}`],
  'runs state=': (key, folder) => ['runs', `state=${key}`, `out=${folder}`],
  'runs metric=': (key, folder) => ['runs', '--summary', `metric=${key}`, `out=${folder}`],
  'runs RUN': (key, folder) => ['runs', key, `out=${folder}`],
  'report RUN': (key, folder) => ['report', key, `results=${folder}`],
  'reported table=': (key) => ['reported', `table=${key}`],
  'eval RUN': (key) => ['eval', key],
  'solve RUN': (key) => ['solve', key, '1'],
  'data COMMAND': (key) => ['data', key],
  'data fetch': (key, folder) => ['data', 'fetch', key, `out=${folder}/x`],
  'data build': (key, folder) => ['data', 'build', key, `out=${folder}/x`],
  'data info': (key) => ['data', 'info', key],
  'sweep PRESET': (key, folder) => ['sweep', key, `out=${folder}`],
  'sweep PRESET KEY=': (key, folder) => ['sweep', 'sudoku-pocket', `${key}=1,2`, `out=${folder}`, 'hidden=1'],
  'sweep status': (key, folder) => ['sweep', 'status', key, `out=${folder}`],
  'weights fetch': (key, folder) => ['weights', 'fetch', key, `out=${folder}/x`],
  'ablations TABLE': (key, folder) => ['ablations', key, `out=${folder}`],
  'think COMMAND': (key) => ['think', key],
  'cluster COMMAND': (key) => ['cluster', key],
  'bench COMMAND': (key) => ['bench', key],
  'a key of JSON': (key, folder) => ['runs', `out=${folder}`, '--json', `${key}=1`],
}

/** Entrances of the library, by their names. */
const library: Readonly<Record<string, Entrance>> = {
  'a configuration': (key) => parseConfig(own(key, 1)),
  'a configuration as text': (key) => configFromText(new Map([[key, '1']])),
  'a resolved configuration': (key) => resolveConfig(parseConfig(own(key, 1))),
  'a preset': (key) => preset(key),
  'changes of a preset': (key) => parseConfig(preset('sudoku-pocket', own(key, 1))),
  'a filter of runs': (key) => runFilter(own(key, 1), []),
  'a metric of a summary': (key) => bundleOf(runs.summary(key)),
  'a metric of curves': (key) => runs.curves(key),
  'a metric of bars': (key) => runs.bars(key as 'test.exact'),
  'a metric of points': (key) => runs.points(key),
  'an axis of points': (key) => runs.points('test.exact', { x: key as 'step' }),
  'an axis of curves': (key) => runs.curves('test.exact', { x: key as 'step' }),
  'a band': (key) => runs.curves('test.exact', { band: key as 'interval' }),
  'an arm by its label': (key) => runs.compare(key, 'mlp'),
  'an arm by a filter': (key) => runs.compare(own(key, 1), 'mlp'),
  'a metric of a comparison': (key) => runs.compare('mlp', 'attention', key),
  'a metric of a grid of runs': (key) => runs.grid(key),
  'rows and columns of a grid of runs': (key) => runs.grid('test.exact', { rows: key, columns: 'seed' } as never),
  'the time to a metric': (key) => bundleOf(runs.timeTo(key, 0.1)),
  'names of a figure': (key) => captionOf(bars([{ name: key, values: [1] }], { title: key, names: {} })),
  'names in an option of a figure': (key) => bars([{ name: 'a', values: [1] }], { names: own(key, 'b') }),
  'a key of a grid': (key) => expandGrid({}, own(key, [1, 2])).map(({ input }) => parseConfig(input)),
  'a name in a grid': (key) => expandGrid({}, { lr: own(key, 0.1) }),
  'an option of Slurm': (key) => resolveSlurm(own(key, '1')),
  'an option of sbatch': (key) => resolveSlurm({ sbatch: own(key, '1') }),
  'a metric of a user': (key) => recordMetrics(own(key, () => 1)),
  'a custom loss': (key) => parseConfig({ loss: { name: key, source: '() => 0', sha256: '0'.repeat(64) } as never }),
  'a label': (key) => newLabel({ name: key, note: key, tags: [key] }),
  'published results': (key) => reportedWhere({ table: key, ...own(key, 'x') }),
  'an ablation': (key) => ablationNamed(key),
  'an option of Sudoku': (key) => sudoku(own(key, 1)),
  'a box of Sudoku': (key) => sudoku({ box: key as never }),
  'an option of mazes': (key) => maze(own(key, 1)),
  'an option of queens': (key) => queens(own(key, 1)),
  'a split': async (key) => exampleOf(await grids, { split: key as 'train' }),
  'the name of a task': (key) =>
    defineTask({
      name: key,
      vocabulary: ['.', 'a'],
      rows: 1,
      columns: 2,
      examples: [{ question: '.a', answer: 'aa' }],
    }),
  'a symbol of a vocabulary': async (key) => {
    const make = defineTask({
      name: 'keys-task',
      vocabulary: ['.', key, 'b'],
      rows: 1,
      columns: 2,
      examples: [
        { question: ['.', key], answer: [key, 'b'] },
        { question: ['.', 'b'], answer: ['b', key] },
      ],
    })
    return bundleOf(exampleOf(await make({ train: 1, test: 1 }), {}))
  },
  'a latent of a recursion': (key) =>
    recursion([
      ({ net }, x, state) => own(key, net(x, (state as never)[key] ?? x)) as never,
      ({ net }, _, { y }) => ({ y: net(y) }),
    ]),
  'the name of a recursion': (key) => recursion([({ net }, x, { y }) => ({ y: net(x, y) })], { name: key }),
  'columns of a table in a notebook': (key) => bundleOf([own(key, 1), own(key, 'x')]),
  'columns of a table as text': (key) => formatTable([own(key, 1), own('other', 2)], { columns: [key, 'other'] }),
  'columns of CSV': (key) => toCsv([own(key, 1), own('other', 2)]),
  'columns of LaTeX': (key) => toLatex([{ a: 1, ...own(key, 'x') }], { titles: own(key, 't'), best: own(key, 'none') }),
  'a column asked of LaTeX': (key) => toLatex([{ a: 1 }], { columns: [key] }),
  'columns of Markdown': (key) => toMarkdown([{ ...own(key, 'x') }], { caption: key }),
  'columns of an Arrow file': (key, folder) => {
    const file = path.join(folder, `${files++}.arrow`)
    writeTable([{ a: 1, ...own(key, 'x') }], file)
    return rowsOfTable(readArrow(file)).map((row) => Object.entries(row))
  },
  'options of a dropdown': (key) => dropdown(own(key, 1)).toString(),
  'parameters of a notebook': (key) => injectParameters(notebook('let a = 1'), new Map([[key, '1']]), 'n.ipynb'),
  'an object as the parameter of a notebook': async (key) => {
    const made = await injectParameters(
      notebook('let a = {}'),
      new Map([['a', JSON.stringify(own(key, 1))]]),
      'n.ipynb',
    )
    const [, set] = String(made.cells[1]?.source).split('let a = ')
    const value = runInThisContext(`(${set})`) as object
    if (Object.keys(value).join() !== key) throw new Error(`the parameter has the keys ${Object.keys(value).join()}`)
    return JSON.stringify(value)
  },
  'saved widgets': (key) => withWidgetPictures(withStates(key)),
  'a key of a JSON file': (key, folder) => readJson(stored(folder, '.json', JSON.stringify(own(key, 1)))),
  'a key of a data set in JSON': (key) => parseStrictJson(Buffer.from(JSON.stringify(own(key, { a: 1 }))), 'x.json'),
  'a key of a configuration in JSON': (key, folder) =>
    readConfigFile(stored(folder, '.json', JSON.stringify({ arch: own(key, 1) }))),
  'a key of a configuration in YAML': (key, folder) =>
    readConfigFile(stored(folder, '.yaml', `arch:\n  ${JSON.stringify(key)}: 1\n`)),
  'a merged key of YAML': (key, folder) =>
    readConfigFile(stored(folder, '.yaml', `a: &a {${JSON.stringify(key)}: {polluted: 1}}\nb:\n  <<: *a\n`)),
  'a tag of YAML': (key, folder) =>
    readConfigFile(stored(folder, '.yaml', `a: !${encodeURIComponent(key === '\ud83d' ? 'x' : key)} {b: 1}\n`)),
  'a key of a published configuration': (key) =>
    fromPublishedConfig({ hidden_size: 8, ...own(key, 1) }, { model: 'trm', latents: 'two' } as never, 'c.yaml'),
  'the module of a published configuration': (key) =>
    fromPublishedConfig(
      { arch: { name: `recursive_reasoning.${key}@X` } },
      { model: 'trm', latents: 'two' } as never,
      'c.yaml',
    ),
  'a tensor of safetensors': (key) => {
    const tensor = { dtype: 'F32', shape: [1], data_offsets: [0, 4] }
    return [...readSafetensors(safetensors(own(key, tensor), 4), 'x.safetensors').tensors.keys()]
  },
  'metadata of safetensors': (key) =>
    readSafetensors(safetensors({ __metadata__: own(key, 'x') }, 0), 'x.safetensors').metadata,
  'a tensor of torch.save': async (key, folder) => {
    const file = stored(
      folder,
      '.pt',
      torchFile(dictionary([[key, tensor({ key: '0', shape: [2] })]]), { 0: floats(1, 2) }),
    )
    const torch = await openTorchFile(file)
    torch.close()
    return readStored(file)
  },
  'a header of CSV': async (key, folder) => {
    const file = stored(
      folder,
      '.csv',
      `${JSON.stringify(key)},question,answer\n1,${'1.'.repeat(8)},${'12'.repeat(8)}\n`,
    )
    return printed('data', 'build', 'sudoku', 'box=2x2', `file=${file}`, `out=${folder}/data-${files++}`)
  },
}

/** Every entrance of a name, by its name. */
export const entrances: Readonly<Record<string, Entrance>> = {
  ...library,
  ...Object.fromEntries(
    Object.entries(lines).map(([name, words]) => [
      `recurlab ${name}`,
      (key: string, folder: string) => {
        mkdirSync(folder, { recursive: true })
        return printed(...words(key, folder))
      },
    ]),
  ),
}
