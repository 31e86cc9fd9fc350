import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { z } from 'zod'
import { isGeneratedKey } from '../../lib/config/data-keys.js'
import { parseConfig } from '../../lib/config/parse.js'
import { type DatasetManifest, datasetOf, preset, presets, train, UserError } from '../../lib/index.js'
import {
  allTasks,
  criteriaOf,
  findTask,
  judgeOf,
  lookOf,
  taskNamed,
  taskNames,
  votesOf,
} from '../../lib/tasks/registry.js'
import { recurlab } from '../recurlab.js'
import { puzzleText } from './puzzle-text.js'

const lib = path.resolve(import.meta.dirname, '../../lib')

test('every task is an object in a folder of its own, and one line of the registry', () => {
  const registry = readFileSync(path.join(lib, 'tasks/registry.ts'), 'utf8')
  for (const name of taskNames()) {
    assert.ok(existsSync(path.join(lib, 'tasks', name, 'task.ts')), name)
    assert.ok(registry.includes(`from './${name}/task.js'`), name)
  }
})

test('a task is named in its folder only: outside of lib/tasks stand the default task, a key of random numbers and the tasks of public weights', () => {
  const names = taskNames().filter((name) => name !== 'tokens')
  const named = new RegExp(`'(${names.join('|')})'`)
  const files = readdirSync(lib, { recursive: true, encoding: 'utf8' })
    .map((name) => name.split(path.sep).join('/'))
    .filter((name) => name.endsWith('.ts') && !name.startsWith('tasks/'))
    .filter((name) => named.test(readFileSync(path.join(lib, name), 'utf8')))
  assert.deepEqual(files.sort(), ['config/schema.ts', 'data/sample.ts', 'interop/named/public.ts'])
})

test('the keys of a task set options that it has, and its presets are configurations of the task', () => {
  for (const { name, builder, presets: own = {} } of allTasks()) {
    const options = Object.keys((builder?.options.shape ?? {}) as Record<string, z.ZodType>)
    for (const [key, option] of Object.entries(builder?.keys ?? {})) {
      assert.ok(isGeneratedKey(key), `${name}: ${key}`)
      assert.ok(options.includes(option), `${name}: ${option}`)
    }
    for (const [presetName, { config }] of Object.entries(own)) {
      assert.ok(presetName.startsWith(name), presetName)
      assert.equal(parseConfig(config).task, name)
      assert.deepEqual(presets[presetName]!.config, preset(presetName))
    }
  }
})

test('data that a configuration of each task generates are drawn, judged and opened by the task', async () => {
  for (const { name, builder } of allTasks()) {
    if (!builder) continue
    const data = await datasetOf(
      parseConfig({
        task: name,
        trainPuzzles: 3,
        testPuzzles: 2,
        ...(builder.keys.size ? { size: 8 } : {}),
        ...(builder.keys.versions ? { versions: 2 } : {}),
        ...(builder.keys.minPath ? { minPath: 6 } : {}),
      }),
    )
    assert.equal(data.manifest.task, name)
    const { seqLen } = data.manifest
    const [question, answer] = [data.test.inputs.subarray(0, seqLen), data.test.labels.subarray(0, seqLen)]
    const { rows, columns } = lookOf(data.manifest)
    assert.equal(rows * columns, seqLen)
    assert.ok(puzzleText(data.manifest, question).split('\n').length <= rows + 2)
    const judge = judgeOf(data.manifest)
    assert.equal(judge === null, criteriaOf(data.manifest).length === 0)
    if (judge) assert.ok(Object.values(judge(question, answer)).every((met) => met))
    assert.equal(votesOf(data) !== null, data.testTasks !== null)
    if (data.augment) assert.equal(data.augment.versions(data.train, 0) === null, findTask(name)?.augments ?? false)
  }
})

test('an unknown task is told with the nearest one, in a notebook and on the command line', async () => {
  const message = /key task: expected one of the tasks sudoku, maze, .*found sudku\. Did you mean sudoku\?/
  assert.throws(() => taskNamed('sudku'), message)
  await assert.rejects(
    train({ task: 'sudku', trainSteps: 1 }),
    (error) => error instanceof UserError && message.test(error.message),
  )
  const { code, stderr } = await recurlab(['train', 'sudoku-pocket', 'task=sudku'])
  assert.equal(code, 2)
  assert.match(stderr, message)
})

test('a manifest of a task that is not known is drawn by its numbers', () => {
  const spec: Pick<DatasetManifest, 'task' | 'options' | 'seqLen' | 'vocabSize'> = {
    task: 'chess',
    options: {},
    seqLen: 4,
    vocabSize: 11,
  }
  assert.equal(puzzleText(spec, [1, 2, 10, 4]), ' 1  2\n10  4')
  assert.equal(judgeOf(spec), null)
})
