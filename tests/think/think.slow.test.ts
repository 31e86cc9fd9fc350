import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { startBackend } from '../../lib/backend/index.js'
import { kernels } from '../../lib/backend/kernels.js'
import { parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import type { Dataset } from '../../lib/data/dataset.js'
import { Interrupted, UserError } from '../../lib/errors.js'
import { evaluateRun } from '../../lib/experiment/run/evaluate-run.js'
import { noiseCurve } from '../../lib/experiment/think/figures.js'
import { ladder } from '../../lib/experiment/think/ladder.js'
import type { ThinkOptions } from '../../lib/experiment/think/options.js'
import { openRecording, type RolloutRecording } from '../../lib/experiment/think/rollout-recording.js'
import { subsetOf } from '../../lib/experiment/think/subset.js'
import { think } from '../../lib/experiment/think/think.js'
import { writeWeightsFile } from '../../lib/interop/weights-write.js'
import { configuredShape } from '../../lib/model/configured.js'
import { stepMacs } from '../../lib/model/macs.js'
import { disposeModel, initialModel, modelTensors } from '../../lib/model/model.js'
import { bundleOf, JUPYTER_DISPLAY } from '../../lib/notebook/bundle.js'
import { readFacts, writeFacts } from '../../lib/recording/facts.js'
import { Recording } from '../../lib/recording/recording.js'
import { saveDataset } from '../../lib/storage/store.js'
import { arc } from '../../lib/tasks/arc/build.js'
import { maze } from '../../lib/tasks/maze/index.js'
import { votesOf } from '../../lib/tasks/registry.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'
import { recurlab } from '../recurlab.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-think-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const inFolder = (name: string): string => path.join(folder, name)

const config = { hidden: 16, heads: 2, layers: 1, T: 1, n: 1, K: 3, puzzleTokens: 1 } as const
const grids = await sudoku({ box: '2x2', train: 4, test: 12 })
const mazes = await maze({ size: 6, train: 2, test: 3 })
const tasks = await arc({ train: 3, test: 2, board: 10, augment: 2 })

function shapeOf({ manifest }: Dataset) {
  const { seqLen, vocabSize, puzzleIdentifiers, task } = manifest
  const sizes = { seqLen, vocabSize, puzzleIdentifiers }
  const given = { ...config, task: task as 'sudoku' }
  return { given, sizes, shape: configuredShape(resolveConfig(parseConfig(given)), sizes) }
}

/** Weights of a model that has learned nothing. */
function writeFresh(file: string, data: Dataset): void {
  const { given, sizes, shape } = shapeOf(data)
  const model = initialModel(shape, 0)
  writeWeightsFile(file, {
    tensors: modelTensors(model),
    config: given,
    sizes,
    weights: 'live',
    dataHash: data.hash,
    step: 0,
  })
  disposeModel(model)
}

const weights = inFolder('sudoku.safetensors')
const options = { depth: 4, rollouts: 3, noise: 0.5, resultsDir: inFolder('results') } satisfies ThinkOptions
let recording: RolloutRecording
before(async () => {
  await startBackend()
  writeFresh(weights, grids)
  writeFresh(inFolder('maze.safetensors'), mazes)
  writeFresh(inFolder('arc.safetensors'), tasks)
  saveDataset(grids, inFolder('grids'))
  recording = await think(weights, grids, options)
})

/** The rows of a recording by puzzle, rollout and step. */
function rowsOf(of: RolloutRecording, columns = ['puzzle', 'rollout', 'step', 'hash', 'qHalt', 'deltaZ']): string[] {
  return of
    .table()
    .toArray()
    .map((row) => columns.map((name) => String((row as Record<string, unknown>)[name])).join(' '))
    .sort()
}

test('a recording says which weights, puzzles, settings, precision and compute its numbers come from', () => {
  const { facts, numericFloor } = recording
  assert.equal(facts.state, 'finished')
  assert.equal(facts.rows, 12 * 3 * 4)
  assert.deepEqual(facts.subset, { name: 'all 12 test puzzles', hash: subsetOf(grids).hash, puzzles: 12 })
  assert.equal(facts.data.hash, grids.hash)
  assert.match(facts.weights.name, /^sudoku\.safetensors, step 0$/)
  assert.equal(facts.notes.dtype, 'float32')
  assert.equal(facts.macsPerStep, stepMacs(shapeOf(grids).shape).forward)
  if (kernels() !== null) assert.equal(numericFloor?.puzzles, 12)
})

test('the same seed gives the same rollouts with another batch, and another seed gives others', async () => {
  const other = { ...options, floor: false, plain: false }
  assert.deepEqual(rowsOf(await think(weights, grids, { ...other, batch: 5 })), rowsOf(recording))
  const seeded = await think(weights, grids, { ...other, seed: 1 })
  assert.notDeepEqual(rowsOf(seeded), rowsOf(recording))
  assert.equal(seeded.numericFloor, null)
  assert.equal(seeded.plain, null)
})

test('fewer puzzles and rollouts are those of the larger recording', async () => {
  const part = await think(weights, grids, { ...options, rollouts: 2, puzzles: [3, 7], floor: false })
  const same = rowsOf(recording).filter((row) => /^[37] [01] /.test(row))
  assert.deepEqual(rowsOf(part), same)
  assert.equal(part.facts.subset.name, '2 of 12 test puzzles (chosen)')
})

test('one deterministic rollout is what an evaluation of as many steps gives', async () => {
  const { evaluation } = await evaluateRun(weights, { data: grids, supervisionSteps: 4, dtype: 'float32' })
  const answers = [...recording.plain!.selectedAnswers('q')].sort((a, b) => a.puzzle - b.puzzle)
  assert.deepEqual(
    answers.map(({ answer }) => [...answer]),
    evaluation.outcomes.map(({ prediction }) => [...prediction]),
  )
  assert.equal(recording.plain!.accuracy('q').value, evaluation['test.exact'])
  assert.deepEqual(recording.plain!.facts.settings, { ...recording.facts.settings, rollouts: 1, noise: 0 })
})

test('a curve and a surface draw the rows of the recording in percent and name their origin', () => {
  const rows = recording.curveRows({ x: 'rollouts', select: ['q', 'oracle'] })
  const figure = recording.curve({ x: 'rollouts', select: ['q', 'oracle'] })
  const q = figure.data.filter(({ name }) => name === 'best q').at(-1)!
  assert.deepEqual(q.x, [1, 2, 3])
  assert.deepEqual(
    q.y,
    rows.filter(({ select }) => select === 'q').map(({ value }) => 100 * value),
  )
  assert.match(
    figure.caption(),
    /^Exact accuracy \(%\) against rollouts K\. Bands: 95 % interval over puzzles \(Wilson\)\. Recording \S+, weights sudoku\.safetensors, step 0 \([0-9a-f]{12}\), code .*, data [0-9a-f]{12}, puzzles: all 12 test puzzles \([0-9a-f]{12}\), float32/,
  )
  const surface = recording.surface({ select: 'vote' })
  assert.deepEqual(
    (surface.data[0] as { z: number[][] }).z.map((row) => row.length),
    [3, 3, 3],
  )
  assert.match(surface.caption(), /Selector: vote\. .*Cells: mean ± half of the 95 % interval/)
})

test('a curve over depth has the deterministic rollout and published curves', () => {
  const figure = recording.curve({ x: 'depth', reported: { series: 'depth.trm.alphaxiv' } })
  const names = new Set(figure.data.map(({ name }) => name))
  assert.deepEqual([...names], ['reported: TRM-MLP (alphaXiv) (Sudoku-Extreme)', 'best q', 'one rollout, no noise'])
  assert.throws(() => recording.curve({ reported: { series: 'none' } }), /a curve of ptrm/)
})

test('a recording is opened by the beginning of its ID, and another name is refused', () => {
  const { resultsDir } = options
  assert.match(recording.id, /^\d{8}-\d{6}-sudoku-safetensors-[0-9a-f]{4}$/)
  assert.equal(openRecording(recording.id.slice(0, -1), resultsDir).id, recording.id)
  const found = (name: string) => () => openRecording(name, resultsDir)
  assert.throws(found('sudoku'), /whose ID begins with "sudoku", found none of \d+ recordings\. recurlab think list/)
  assert.throws(found(''), /whose ID begins with "", found none of \d+ recordings/)
  assert.throws(found('20'), /found \d+: .*sudoku-safetensors/)
})

test('recordings of several σ give one curve against the noise, and other puzzles are refused', async () => {
  const quiet = await think(weights, grids, { ...options, noise: 0.1, floor: false, plain: false })
  const figure = noiseCurve([recording, quiet], { select: ['q', 'vote'] })
  assert.deepEqual(figure.data.filter(({ name }) => name === 'vote').at(-1)!.x, [0.1, 0.5])
  const fewer = await think(weights, grids, { ...options, puzzles: 5, floor: false, plain: false })
  assert.throws(() => noiseCurve([recording, fewer]), /other puzzles, 5 of 12 test puzzles/)
  assert.throws(() => recording.compare(fewer), UserError)
  assert.throws(() => noiseCurve([]), /one recording for each σ/)
  assert.throws(() => openRecording('no-such', options.resultsDir), /a recording whose ID begins with "no-such"/)
})

test('a summary has a row for each selector, with gain and compute, and none that the task cannot answer', async () => {
  const rows = recording.summary()
  assert.deepEqual(
    rows.map(({ select }) => select),
    ['deterministic', 'q', 'first', 'vote', 'residual', 'margin', 'verifier', 'oracle'],
  )
  const [one, q] = rows
  assert.equal(one?.gain, null)
  assert.ok(Math.abs(q!.gain!.value - (q!.accuracies.exact!.value - one!.accuracies.exact!.value)) < 1e-12)
  assert.equal(q!.macs, 3 * one!.macs!)
  const mazeRows = (await think(inFolder('maze.safetensors'), mazes, options)).summary({ select: 'q' })
  assert.deepEqual(Object.keys(mazeRows[1]!.accuracies), ['exact', 'valid', 'optimal'])
  const puzzles = await think(inFolder('arc.safetensors'), tasks, { ...options, rollouts: 2, depth: 2 })
  assert.throws(() => puzzles.accuracy('verifier'), /selector verifier: expected a task with a judge/)
  assert.ok(puzzles.summary().every(({ select }) => select !== 'verifier'))
})

test('particles without a deterministic rollout beside them have a summary without gains', async () => {
  const particles = await think(weights, grids, { ...options, guide: 0.25, plain: false, floor: false })
  const rows = particles.summary({ select: ['q', 'guided'] })
  assert.deepEqual(
    rows.map(({ select, gain }) => [select, gain]),
    [
      ['q', null],
      ['guided', null],
    ],
  )
})

test('a summary of no selector has the deterministic rollout alone', () => {
  const [one, ...others] = recording.summary({ select: [] })
  assert.deepEqual([one?.select, Object.keys(one!.accuracies), others], ['deterministic', ['exact', 'valid'], []])
})

test('puzzles without known answers are summed up by the criteria of the judge, and without a judge by nothing', async () => {
  const withheld: Dataset = { ...grids, withheld: new Uint8Array(grids.test.count).fill(1) }
  const unknown = (await think(weights, withheld, options)).summary({ select: 'q' })
  assert.deepEqual(
    unknown.map(({ select, accuracies, gain, unknown }) => [select, Object.keys(accuracies), gain, unknown]),
    [
      ['deterministic', ['valid'], null, 12],
      ['q', ['valid'], null, 12],
    ],
  )
  const some: Dataset = { ...grids, withheld: Uint8Array.from({ length: grids.test.count }, (_, i) => Number(i < 5)) }
  const [, q] = (await think(weights, some, options)).summary({ select: 'q' })
  assert.deepEqual([q!.unknown, q!.accuracies.exact!.n, q!.accuracies.valid!.n], [5, 7, 12])
  const puzzles: Dataset = { ...tasks, withheld: new Uint8Array(tasks.test.count).fill(1) }
  const shown = await think(inFolder('arc.safetensors'), puzzles, { ...options, rollouts: 2, depth: 2 })
  assert.deepEqual(shown.summary(), [])
  assert.ok(bundleOf(shown))
})

test('deterministic rollouts that were stopped are not compared with', async () => {
  const whole = await think(weights, grids, { ...options, floor: false })
  const facts = path.join(whole.dir, 'plain')
  writeFacts(facts, {
    ...readFacts(facts),
    state: 'interrupted',
    recorded: 0,
    rows: 0,
    files: { steps: [], answers: [] },
    ends: { steps: null, answers: null },
  })
  const stopped = openRecording(whole.dir)
  assert.equal(stopped.plain, null)
  assert.deepEqual(
    stopped.summary({ select: 'q' }).map(({ select }) => select),
    ['one rollout', 'q'],
  )
})

test('a recording whose rollouts leave once solved says that its accuracies are those of an oracle', async () => {
  const { facts } = await think(weights, grids, { ...options, leave: 'solved', floor: false })
  assert.match(String(facts.notes.weights), /as soon as it is right .* accuracies are those of an oracle/)
  assert.doesNotMatch(String(recording.facts.notes.weights), /oracle/)
})

test('the votes of one rollout without noise are those of an evaluation of ARC', async () => {
  const file = inFolder('arc.safetensors')
  const { evaluation } = await evaluateRun(file, { data: tasks, supervisionSteps: 2, dtype: 'float32' })
  const one = await think(file, tasks, { depth: 2, rollouts: 1, resultsDir: inFolder('results'), floor: false })
  const { submission: _, ...votes } = evaluation.votes!
  assert.ok(votes.predictions > tasks.test.count)
  for (const selector of ['q', 'vote', 'residual'] as const) assert.deepEqual(one.votes(tasks, selector), votes)
})

test('answers chosen inside each version of an ARC puzzle vote for its answer, and other data are refused', async () => {
  const versions = await think(inFolder('arc.safetensors'), tasks, { ...options, rollouts: 2, depth: 2 })
  const votes = votesOf(tasks)!
  for (const { answer, ...chosen } of Recording.open(versions.dir).selectedAnswers('vote'))
    votes.add({ ...chosen, prediction: answer })
  const { predictions, pass } = versions.votes(tasks, 'vote')
  assert.ok(predictions > 2, String(predictions))
  assert.deepEqual({ predictions, pass }, { predictions: votes.result().predictions, pass: votes.result().pass })
  assert.ok(versions.facts.versions > 1)
  if (kernels() !== null) assert.equal(versions.numericFloor?.puzzles, tasks.test.count)
  const part = await think(inFolder('arc.safetensors'), tasks, { ...options, rollouts: 2, depth: 2, puzzles: [1] })
  const [voted, ...others] = part.votes(tasks, 'vote').tasks.filter(({ pass }) => pass !== null)
  assert.deepEqual(others, [])
  assert.deepEqual(voted, versions.votes(tasks, 'vote').tasks[1])
  assert.deepEqual(part.votes(tasks, 'vote').pass, voted!.pass)
  assert.throws(() => versions.votes(grids), /data: expected the data set that was recorded, arc/)
  assert.throws(() => recording.votes(grids), /a data set whose versions vote/)
})

test('guided particles are recorded with their selector, and draw no curve over K', async () => {
  const guided = await think(weights, grids, { ...options, guide: 0.25, puzzles: 4 })
  assert.deepEqual(guided.facts.notes.ours, ['weights and resampling of guided particles'])
  assert.ok(guided.summary().some(({ select }) => select === 'guided'))
  assert.throws(() => guided.curve({ x: 'rollouts' }), /guided particles, which depend on how many they are/)
  assert.throws(() => recording.accuracy('guided'), /a recording of guided particles/)
})

test('a summary of guided particles has gains over a deterministic rollout, and none where that was not recorded', async () => {
  const guided = { ...options, noise: 0, guide: 0.25, puzzles: 4 }
  const compared = (await think(weights, grids, guided)).summary({ select: 'guided' })
  assert.deepEqual(
    compared.map(({ select, rollouts, gain }) => [select, rollouts, gain?.value]),
    [
      ['deterministic', 1, undefined],
      ['guided', 3, 0],
    ],
  )
  const alone = (await think(weights, grids, { ...guided, plain: false })).summary({ select: ['q', 'guided'] })
  assert.deepEqual(
    alone.map(({ select, gain }) => [select, gain]),
    [
      ['q', null],
      ['guided', null],
    ],
  )
})

test('a notebook shows a summary with its weights, puzzles, intervals and precision', () => {
  const text = String(recording[JUPYTER_DISPLAY]()['text/plain'])
  assert.match(text, /^q +3 +4 /m)
  assert.match(
    text,
    /^Weights sudoku\.safetensors, step 0 \([0-9a-f]{12}\); all 12 test puzzles \([0-9a-f]{12}\), data [0-9a-f]{12}\.$/m,
  )
  assert.match(text, /^95 % intervals over puzzles: Wilson's of accuracies, paired ones of gains\.$/m)
  assert.match(text, /^Precision: float32/m)
})

test('a recording notes settings that had no effect', async () => {
  const { facts } = await think(weights, grids, { ...options, noise: 0, target: 'y', rollouts: 1, puzzles: 2 })
  assert.deepEqual(facts.notes.weights, ['target has no effect without noise'])
})

test('a summary of one rollout has the selectors that are asked for', async () => {
  const one = await think(weights, grids, { ...options, noise: 0, rollouts: 1, floor: false })
  const selects = (select?: 'first'): string[] => one.summary(select ? { select } : {}).map((row) => row.select)
  assert.deepEqual([selects(), selects('first')], [['one rollout'], ['one rollout', 'first']])
})

test('a selector that the recording could not answer is refused before anything is computed', async () => {
  const resultsDir = inFolder('unanswerable')
  const arcs = think(inFolder('arc.safetensors'), tasks, { ...options, select: ['q', 'verifier'], resultsDir })
  await assert.rejects(arcs, /selector verifier: expected a task with a judge of answers, found arc, which has none/)
  const independent = think(weights, grids, { ...options, select: 'guided', resultsDir })
  await assert.rejects(independent, { exitCode: 2, message: /a recording of guided particles/ })
  assert.ok(!existsSync(resultsDir))
})

const wrong: [ThinkOptions, RegExp][] = [
  [{ noise: -0.1 }, /key noise: expected at least 0/],
  [{ depth: 0 }, /key depth: expected at least 1/],
  [{ rollouts: 0 }, /key rollouts: expected at least 1/],
  [{ puzzles: 13 }, /puzzles: expected 1 to 12 puzzles, found 13/],
  [{ target: 'x' as 'z' }, /key target: expected one of z, y, both/],
  [{ split: 'tets' as 'test' }, /key split: expected one of train, test.*Did you mean split=test\?/s],
  [{ versions: 0 }, /key versions: expected at least 1/],
  [{ dtype: 'float16' as 'float32' }, /key dtype: expected one of auto, float32, bfloat16/],
  [{ guide: 0.25, floor: true }, /key floor: expected false beside guide/],
  [{ damping: 0 }, /key damping: expected more than 0/],
  [{ relabel: 'yes' as never }, /key relabel: expected true or false/],
  [{ puzzles: 'many' as never }, /key puzzles: expected a number or a list/],
  [{ puzzels: 3 } as ThinkOptions, /Did you mean puzzles\?/],
  [{ select: ['guided'] }, /selector guided: expected a recording of guided particles/],
  [{ select: ['vot' as 'vote'] }, /selector: expected q, first, vote.*Did you mean vote\?/],
  [{ noise: 0.1, noiseAt: 'call', target: 'y' }, /key target: expected both/],
  [{ guide: 1, leave: 'halted' }, /key leave: expected never/],
  [{ rollouts: 65_000, depth: 65 }, /rollouts × depth: expected at most 4194304 rows/],
  [{ dephts: 3 } as ThinkOptions, /Did you mean depth\?/],
]
for (const [given, message] of wrong)
  test(`think refuses ${JSON.stringify(given)} with one error, and stores nothing`, async () => {
    const resultsDir = inFolder('refused')
    await assert.rejects(
      think(weights, grids, { ...given, resultsDir }),
      (error) => error instanceof UserError && message.test(error.message),
    )
    assert.ok(!existsSync(resultsDir))
  })

test('think refuses a second argument that is neither data nor options, and a promise by its missing await', async () => {
  const promised = sudoku({ box: '2x2', train: 1, test: 2 })
  await assert.rejects(
    think(weights, promised as never),
    /expected a data set, or options, found the promise of one\. Put await/,
  )
  await assert.rejects(think(weights, null as never), /found null/)
  await assert.rejects(think(weights, { depth: 2 } as never, { rollouts: 2 }), /expected a data set before the options/)
  await assert.rejects(think(weights, [] as never), /expected a data set, or options/)
  await assert.rejects(ladder(weights, promised as never), /ladder, second argument: .*found the promise of one/)
  await assert.rejects(
    ladder(weights, { depths: [1, 2] } as never),
    /or undefined for that of the weights, found another/,
  )
})

test('a curve against noise needs a recording, and an interval one of the two methods', () => {
  assert.throws(() => noiseCurve([]), { exitCode: 2, message: /expected one recording for each σ, found none/ })
  assert.throws(
    () => recording.curve({ interval: 'bayes' as never }),
    /interval: expected wilson or bootstrap, found bayes/,
  )
})

test('a selector that needs a judge is refused before anything is computed where the task has none', async () => {
  const resultsDir = inFolder('refused')
  await assert.rejects(
    think(inFolder('arc.safetensors'), tasks, { ...options, resultsDir, select: ['verifier'] }),
    /selector verifier: expected a task with a judge of answers, found arc, which has none/,
  )
  assert.ok(!existsSync(resultsDir))
})

test('weights of another task, and weights that do not exist, are refused', async () => {
  await assert.rejects(think(weights, mazes, options), /data set of task=sudoku/)
  await assert.rejects(think('no-such-weights', grids, options), UserError)
})

test('a recording that is stopped keeps the puzzles that were complete', async () => {
  const controller = new AbortController()
  const resultsDir = inFolder('stopped')
  let error: unknown
  try {
    await think(weights, grids, {
      ...options,
      resultsDir,
      batch: 6,
      onProgress: (done) => done >= 6 * 4 * 3 && controller.abort(),
      signal: controller.signal,
    })
  } catch (thrown) {
    error = thrown
  }
  assert.ok(error instanceof Interrupted && /the puzzles that were complete are kept in/.test(error.message))
  const [id] = readdirSync(path.join(resultsDir, 'recordings'))
  const stopped = openRecording(id!, resultsDir)
  const { facts } = stopped
  assert.match(stopped.curve().caption(), new RegExp(`, ${facts.recorded} of them recorded`))
  assert.equal(facts.state, 'interrupted')
  assert.ok(facts.recorded > 0 && facts.recorded < 12, String(facts.recorded))
})

test('recurlab think records and prints accuracy by selector, gain, floor, compute and place; think show reads it again', async () => {
  const out = inFolder('command')
  const { code, stdout, stderr } = await recurlab([
    ...['think', weights, `data=${inFolder('grids')}`, 'depth=3', 'rollouts=2', 'noise=0.3', 'puzzles=6'],
    ...['select=q,vote', `out=${out}`],
  ])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /\nq +2 +3 +\d/)
  assert.match(stdout, /gain +q: -?[\d.]+ ± [\d.]+ points and [\d.]+ ms a puzzle (more|less) than deterministic/)
  assert.match(stdout, /puzzles +6 of 12 test puzzles \(drawn\) \([0-9a-f]{12}\)/)
  assert.match(stdout, /precision +float32/)
  assert.match(stdout, /compute +[\d.]+ .?MAC \([\d.]+ .?FLOP as 2·MACs\)/)
  const [id] = readdirSync(path.join(out, 'recordings'))
  const shown = await recurlab(['think', 'show', id!, `out=${out}`, 'select=oracle', 'rollouts=1', '--json'])
  const { summary } = JSON.parse(shown.stdout) as { summary: { select: string; rollouts: number }[] }
  assert.deepEqual(
    summary.map(({ select, rollouts }) => [select, rollouts]),
    [
      ['deterministic', 1],
      ['oracle', 1],
    ],
  )
  const listed = await recurlab(['think', 'list', `out=${out}`])
  assert.match(listed.stdout, new RegExp(id!))
  assert.match(stdout, /intervals +95 % over puzzles: Wilson's of accuracies, paired ones of gains/)
  for (const line of stdout.split('\n')) assert.ok(line.length <= 100 || /^recording/.test(line), line)
  assert.ok(
    listed.stdout.split('\n').every((line) => line.length <= 100),
    listed.stdout,
  )
  const beyond = await recurlab(['think', 'show', id!, `out=${out}`, 'depth=4'])
  assert.equal(beyond.code, 2)
  for (const [words, message] of [
    [['noise=-1'], /key noise: expected at least 0/],
    [['select=vots'], /Did you mean select=vote\?/],
    [['puzzles=x'], /puzzles=N, or indices/],
  ] as const) {
    const refused = await recurlab(['think', weights, `data=${inFolder('grids')}`, ...words, `out=${out}`])
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, message)
  }
})
