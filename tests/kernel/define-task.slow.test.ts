import assert from 'node:assert/strict'
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { type KernelClient, resultOf, startKernel } from '../kernel-client.js'
import { root } from '../shared.js'

/** A copy of the project whose `lib` may be edited. */
const project = mkdtempSync(path.join(os.tmpdir(), 'recurlab-define-task-'))
let kernel: KernelClient

before(async () => {
  for (const name of ['lib', 'package.json', 'package-lock.json', 'tsconfig.json'])
    cpSync(path.join(root, name), path.join(project, name), { recursive: true })
  mkdirSync(path.join(project, 'notebooks'))
  mkdirSync(path.join(project, '.recurlab'))
  for (const name of ['node_modules', '.recurlab/native']) symlinkSync(path.join(root, name), path.join(project, name))
  kernel = await startKernel({ cwd: path.join(project, 'notebooks') })
})
after(async () => {
  await kernel?.close()
  rmSync(project, { recursive: true, force: true })
})

async function resultOfCell(code: string): Promise<string> {
  const answer = await kernel.execute(code)
  assert.equal(answer.reply.status, 'ok', JSON.stringify(answer.reply))
  return String(resultOf(answer))
}

/** A whole task in a cell: Latin squares with cells left out, their judge, and their symmetries. */
const cell = (
  side: number,
): string => `import { datasetOf, defineTask, evaluateRun, loadRun, parseConfig, train } from '../lib'
import type { TaskSymmetry } from '../lib'
process.chdir(${JSON.stringify(project)})
const side = ${side}
const digits = [...Array(side).keys()].map((i) => String(i + 1))
const isLatin = (answer: readonly string[]): boolean => digits.every((digit) =>
  digits.every((_, i) =>
    digits.some((_, j) => answer[i * side + j] === digit) && digits.some((_, j) => answer[j * side + i] === digit)))
const keeps = (question: readonly string[], answer: readonly string[]): boolean =>
  question.every((symbol, i) => symbol === '.' || symbol === answer[i])
const relabel: TaskSymmetry = (cells, random) => {
  const names = random.shuffle([...digits])
  return cells.map((symbol) => (symbol === '.' ? '.' : names[Number(symbol) - 1]!))
}
const transpose: TaskSymmetry = (cells) => cells.map((_, i) => cells[(i % side) * side + Math.floor(i / side)]!)
const latin = defineTask({
  name: 'latin', vocabulary: ['.', ...digits], rows: side, columns: side,
  generate: (random) => {
    const [rows, columns] = [0, 1].map(() => random.shuffle([...Array(side).keys()]))
    const answer = rows!.flatMap((row) => columns!.map((column) => digits[(row + column) % side]!))
    return { question: answer.map((symbol) => (random.int(2) === 0 ? '.' : symbol)), answer }
  },
  judge: (question, answer) => isLatin(answer) && keeps(question, answer),
  symmetries: [relabel, transpose],
})
const data = await latin({ train: 30, test: 20, seed: 0 })
data.manifest.seqLen`

test('a cell of fewer than forty lines defines a task, and run again with another text it defines another', async () => {
  assert.ok(cell(4).split('\n').length <= 40)
  assert.equal(await resultOfCell(cell(4)), '16')
  assert.equal(await resultOfCell(cell(5)), '25')
  assert.equal(
    await resultOfCell("(await datasetOf(parseConfig({ task: 'latin', trainPuzzles: 3 }))).manifest.seqLen"),
    '25',
  )
})

test('a task that a cell has defined is known after an edit that reloads the registry', async () => {
  appendFileSync(path.join(project, 'lib/tasks/registry.ts'), '\nexport const edited = true\n')
  const judged =
    await resultOfCell(`const id = await train({ hidden: 16, T: 1, n: 1, K: 2, batch: 8, trainSteps: 2, evalEvery: 2 }, data)
const { evaluation } = await evaluateRun(id)
loadRun(id).config.task + ' ' + (evaluation['test.valid'] === loadRun(id).evaluations.at(-1)!['test.valid'])`)
  assert.match(judged, /latin true/)
})

test('a wrong part of a definition is a type error of its cell', async () => {
  const { reply } = await kernel.execute(
    "defineTask({ name: 'x', vocabulary: ['a', 'b'], rows: '3', columns: 3, generate: () => ({ question: 'a', answer: 'b' }) })",
  )
  assert.equal(reply.status, 'error')
  assert.match(JSON.stringify(reply), /Type 'string' is not assignable to type 'number'/)
})
