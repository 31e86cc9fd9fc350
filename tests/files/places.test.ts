import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { defaultPlace, IN_NOTEBOOK, pathToKeep, placeToRead } from '../../lib/files/places.js'
import { runsFolder } from '../../lib/results/layout.js'
import { createRun } from '../../lib/results/run.js'
import { readWeightsOf } from '../../lib/results/weights-file.js'
import { root } from '../shared.js'

const project = path.resolve(root)
const before = { cwd: process.cwd(), flag: process.env[IN_NOTEBOOK] }
let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'recurlab-places-')))
  mkdirSync(path.join(folder, 'own'))
  process.chdir(folder)
})
afterEach(() => {
  process.chdir(before.cwd)
  if (before.flag === undefined) delete process.env[IN_NOTEBOOK]
  else process.env[IN_NOTEBOOK] = before.flag
  rmSync(folder, { recursive: true })
})

test('on the command line every path is one of the working directory', () => {
  delete process.env[IN_NOTEBOOK]
  assert.equal(defaultPlace('results'), 'results')
  assert.equal(runsFolder('results'), path.join('results', 'runs'))
  for (const name of ['own', 'lib', 'none', '../x']) {
    assert.equal(placeToRead(name), name)
    assert.equal(pathToKeep(name), name)
  }
})

test("in a notebook defaults are the project's, and what is not beside the notebook is looked for in the project", () => {
  process.env[IN_NOTEBOOK] = '1'
  assert.equal(runsFolder('results'), path.join(project, 'results', 'runs'))
  assert.equal(runsFolder('mine'), path.join('mine', 'runs'))
  assert.equal(placeToRead('own'), 'own')
  assert.equal(placeToRead('lib/config'), path.join(project, 'lib/config'))
  assert.equal(placeToRead('none'), 'none')
})

test('records keep a path relative to the project where it is inside, else absolute', () => {
  process.env[IN_NOTEBOOK] = '1'
  assert.equal(pathToKeep('own'), path.join(folder, 'own'))
  assert.equal(pathToKeep('lib/config'), 'lib/config')
  assert.equal(pathToKeep(path.join(project, 'lib')), 'lib')
  assert.equal(pathToKeep('none'), 'none')
  process.chdir(path.join(project, 'tests'))
  assert.equal(pathToKeep('../lib/data'), 'lib/data')
})

test('in a notebook the weights of a run are found by its folder below the project', async () => {
  process.env[IN_NOTEBOOK] = '1'
  const resultsDir = mkdtempSync(path.join(project, 'results', 'places-'))
  try {
    const run = createRun({ resultsDir, config: {}, provenance: {} })
    run.finish('interrupted')
    await assert.rejects(readWeightsOf(path.relative(project, run.dir)), {
      message: /expected a checkpoint, found none/,
    })
  } finally {
    rmSync(resultsDir, { recursive: true })
  }
})
