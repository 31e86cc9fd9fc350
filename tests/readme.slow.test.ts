import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { commands } from '../lib/cli/registry.js'
import { configFromText, parseConfig } from '../lib/config/parse.js'
import { configSchema } from '../lib/config/schema.js'
import { presets } from '../lib/index.js'
import type { Notebook } from '../lib/notebook/notebook.js'
import { type Outcome, recurlab } from './recurlab.js'
import { root } from './shared.js'

const readme = readFileSync(path.join(root, 'README.md'), 'utf8')

const kernelspec = path.join(root, '.venv', 'share', 'jupyter', 'kernels', 'recurlab', 'kernel.json')
const skip = existsSync(kernelspec) ? false : 'there is no .venv with the kernel recurlab (npm run setup)'

let folder = ''
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-readme-'))
  symlinkSync(path.join(root, 'tests'), path.join(folder, 'tests'))
  mkdirSync(path.join(folder, 'notebooks'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

/** Fenced blocks of the README by language, in order. */
function blocks(): { readonly language: string; readonly text: string }[] {
  return [...readme.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    language: language!,
    text: text!,
  }))
}

/** Words in backticks, without the fenced blocks. */
function inline(): string[] {
  const prose = readme.replace(/^```[\s\S]*?^```$/gm, '')
  return [...prose.matchAll(/`([^`]+)`/g)].map(([, text]) => text!.replace(/\s+/g, ' ').trim())
}

test('every block of the README is TypeScript for a cell or commands for a shell', () => {
  assert.ok(blocks().length >= 3)
  for (const { language, text } of blocks()) {
    assert.ok(language === 'ts' || language === '', `a block of ${language}`)
    if (language === '')
      for (const line of text.trim().split('\n')) assert.match(line, /^(npm (start|test|run \w+)|npx recurlab )/)
  }
})

test('every TypeScript block of the README runs in a notebook, with fewer steps', { skip }, async () => {
  const cells = blocks().filter(({ language }) => language === 'ts')
  assert.ok(cells.length > 0)
  for (const [index, { text }] of cells.entries()) {
    const short = text.replace(/\btrainSteps: \d+/, 'trainSteps: 2')
    assert.notEqual(short, text, 'a block that trains says for how many steps')
    // The block stands in a notebook of this project; the test's lies in a folder of its own.
    const source = short.replace("from '../lib'", `from ${JSON.stringify(path.join(root, 'lib'))}`)
    assert.notEqual(source, short, 'a block imports the library')
    const file = path.join(folder, 'notebooks', `block-${index}.ipynb`)
    const out = path.join(folder, 'notebooks', `block-${index}-out.ipynb`)
    writeFileSync(file, JSON.stringify(notebookOf(source)))
    const { code, stdout, stderr } = await recurlab(['run', file, '--out', out], { cwd: folder })
    assert.equal(code, 0, `${stdout.slice(-2000)}\n${stderr}`)
    const { cells } = JSON.parse(readFileSync(out, 'utf8')) as Notebook
    const shown = cells.flatMap((cell) => cell.outputs ?? []).flatMap((output) => Object.keys(output.data ?? {}))
    assert.ok(shown.includes('application/vnd.plotly.v1+json'), 'curves are drawn')
    assert.ok(shown.includes('text/html'), 'a table is shown')
  }
})

test('every recurlab command of the README works as it stands there', async () => {
  const lines = [...readme.matchAll(/^npx recurlab (.*?)(?:\s+#.*)?$/gm)].map(([, line]) => line!.trim().split(/\s+/))
  assert.ok(lines.length >= 7)
  for (const args of lines) {
    // A machine that `doctor` finds wanting is no fault of the command.
    const { code, stderr } = await recurlab(args, { cwd: folder })
    assert.ok(code === 0 || (args[0] === 'doctor' && code === 1), `recurlab ${args.join(' ')}: ${stderr}`)
  }
})

test('npm start trains the first notebook and writes the figure, table and report that the README promises', {
  skip,
}, async () => {
  const out = path.join(folder, 'start', '01.ipynb')
  const short = ['trainSteps=2', 'evalEvery=2', 'seeds=[0]', '--out', out]
  const { stdout, stderr } = await npm(['start', '--', ...short])
  // Two steps are too few for the notebook's own claim; everything before it has run.
  assert.match(stdout + stderr, /The MLP is not 30 points above self-attention on seed 0/)
  assert.deepEqual(
    readdirSync(path.dirname(out))
      .filter((name) => name.startsWith('01.'))
      .sort(),
    ['01.html', '01.ipynb'],
  )
  const { cells } = JSON.parse(readFileSync(out, 'utf8')) as Notebook
  const failed = cells.filter((cell) => cell.outputs?.some((output) => output.output_type === 'error'))
  assert.equal(failed.length, 1)
})

test('every script that the README names is one of package.json', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: object }
  const named = [...readme.matchAll(/\bnpm (?:run )?(start|test|setup:?\w*|lab|check|\w+:\w+)\b/g)].map(
    ([, name]) => name!,
  )
  assert.ok(named.length >= 3)
  for (const name of named) assert.ok(Object.hasOwn(scripts, name), `npm run ${name}`)
})

test('every command, key and preset that the README names in passing is there', () => {
  for (const text of inline()) {
    const command = /^(?:npx )?recurlab (\w+)/.exec(text)
    if (command) assert.ok(Object.hasOwn(commands, command[1]!), text)
    const pair = /^(\w+)=([\w.-]+)$/.exec(text)
    if (pair && Object.hasOwn(configSchema.shape, pair[1]!))
      assert.doesNotThrow(() => configFromText(new Map([[pair[1]!, pair[2]!]])), text)
    if (/^(sudoku|maze|arc|queens)(-\w+)*-(pocket|lab|paper)(-text)?$/.test(text)) {
      const preset = presets[text]
      assert.ok(preset, text)
      assert.doesNotThrow(() => parseConfig(preset.config), text)
    }
  }
})

/** Runs npm in the checkout. */
function npm(args: readonly string[]): Promise<Outcome> {
  const child = spawn('npm', [...args], { cwd: root })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

function notebookOf(source: string): Notebook {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: 'recurlab', display_name: 'TypeScript (Recurlab)', language: 'typescript' } },
    cells: [{ cell_type: 'code', id: 'block', metadata: {}, execution_count: null, outputs: [], source }],
  } as unknown as Notebook
}
