import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Command, CommandEntry } from '../lib/cli/command.js'
import { findCommand } from '../lib/cli/find.js'
import { execute } from '../lib/cli/main.js'
import { helpOf, overview } from '../lib/cli/overview.js'
import { commands } from '../lib/cli/registry.js'
import { UserError } from '../lib/errors.js'
import { displayWidth } from '../lib/results/text-width.js'
import { recurlab } from './recurlab.js'

const { COLUMNS } = process.env
after(() => {
  if (COLUMNS === undefined) delete process.env.COLUMNS
  else process.env.COLUMNS = COLUMNS
})

const WIDTHS = [60, 80, 100, 200]
/** Every command, those of groups too, e.g. `data build`. */
const all = (await Promise.all(Object.entries(commands).map(([name, entry]) => namesOf([name], entry)))).flat()

async function namesOf(path: string[], entry: CommandEntry): Promise<string[][]> {
  const command = await entry.load()
  if (!('commands' in command)) return [path]
  const inner = Object.entries(command.commands).map(([name, inner]) => namesOf([...path, name], inner))
  return [path, ...(await Promise.all(inner)).flat()]
}

async function helpAt(path: readonly string[], width: number): Promise<string> {
  process.env.COLUMNS = String(width)
  return helpOf(await findCommand(path, true))
}

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '' && word !== '\\')

for (const path of all)
  test(`the help of ${path.join(' ')} is laid out at every width, and no word of it is cut`, async () => {
    const whole = words(await helpAt(path, 200))
    for (const width of WIDTHS) {
      const text = await helpAt(path, width)
      assert.deepEqual(words(text), whole)
      for (const line of text.split('\n'))
        assert.ok(displayWidth(line) <= Math.min(width, 110) || words(line).length === 1, `${width}: ${line}`)
    }
  })

for (const path of all)
  test(`the help of ${path.join(' ')} has the form of every other`, async () => {
    const { entry, command } = await findCommand(path, true)
    const lines = (await helpAt(path, 80)).split('\n')
    assert.ok(lines[0]?.startsWith(`recurlab ${path.join(' ')}`))
    assert.match(entry.summary, /^[A-Z].*\.$/)
    assert.ok(lines.includes('Example:'))
    if ('commands' in command) return
    for (const block of command.help)
      if (typeof block !== 'string' && 'rows' in block)
        for (const [term, text] of block.rows) {
          assert.match(text, /\.$/, `${term}: a full stop at its end`)
          assert.doesNotMatch(text, /\(default|; default/i, `${term}: the default is the last sentence`)
        }
    flagsAreExplained(command)
  })

function flagsAreExplained(command: Command): void {
  const terms = command.help.flatMap((block) =>
    typeof block !== 'string' && 'rows' in block ? block.rows.map(([term]) => term) : [],
  )
  const explained = terms.flatMap((term) => /^--([\w-]+)( \S+)?$/.exec(term)?.slice(1) ?? []).length > 0 ? terms : []
  const found = Object.fromEntries(
    explained.flatMap((term) => {
      const [, name, value] = /^--([\w-]+)( \S+)?$/.exec(term) ?? []
      return name === undefined ? [] : [[name, value !== undefined]]
    }),
  )
  assert.deepEqual(found, { ...command.flags })
}

test('the list of commands fits 80 columns and names every command in a group', () => {
  process.env.COLUMNS = '80'
  const text = overview()
  for (const line of text.split('\n')) assert.ok(displayWidth(line) <= 80, line)
  for (const name of Object.keys(commands)) assert.match(text, new RegExp(`^  ${name} +[A-Z].*\\.?$`, 'm'))
  const groups = ['Work', 'Data', 'Weights', 'Tools', 'For developers']
  assert.deepEqual(
    text.split('\n').filter((line) => groups.includes(line.replace(/:$/, ''))),
    groups.map((group) => `${group}:`),
  )
})

test('benches and parity are the last group of the list of commands, under a title of their own', () => {
  const [, developers = ''] = overview().split('For developers:\n')
  assert.deepEqual(
    [...developers.split('\n\n')[0]!.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name),
    ['bench', 'parity'],
  )
})

test('help COMMAND is COMMAND --help; --version says the version; all exit with 0', async () => {
  const [help, flag, inner, version] = await Promise.all([
    recurlab(['help', 'train']),
    recurlab(['train', '--help']),
    recurlab(['help', 'data', 'build']),
    recurlab(['--version']),
  ])
  assert.deepEqual([help.code, flag.code, inner.code, version.code], [0, 0, 0, 0])
  assert.equal(help.stdout, flag.stdout)
  assert.match(inner.stdout, /^recurlab data build TASK/)
  assert.match(version.stdout, /^recurlab \d+\.\d+\.\d+\n$/)
})

const misspelt: [string[], RegExp][] = [
  [['trian'], /found trian\. Did you mean train\?/],
  [['--versoin'], /Did you mean --version\?/],
  [['help', 'dcotor'], /Did you mean doctor\?/],
  [['data', 'bild'], /found bild\. Did you mean data build\?/],
  [['bench', 'kernal'], /Did you mean bench kernel\?/],
  [['data', 'build', 'sudok', 'out=x'], /Did you mean sudoku\?/],
  [['data', 'fetch', 'arc-agi1'], /Did you mean arc-agi-1\?/],
  [['data', 'solve', 'x', 'box=3x2'], /expected box=2x2\|2x3\|3x3, found 3x2\. Did you mean box=/],
  [['train', 'sudoku-poket'], /Did you mean sudoku-pocket\?/],
  [['train', 'sudoku-pocket', 'hiden=8'], /key hiden: .*Did you mean hidden\?/],
  [['train', 'sudoku-pocket', 'nmae=x'], /key nmae: .*Did you mean name\?/],
  [['train', 'sudoku-pocket', 'mixer=atention'], /key mixer: .*Did you mean mixer=attention\?/],
  [['train', 'sudoku-pocket', 'augment=frsh'], /key augment: .*Did you mean augment=fresh\?/],
  [['train', 'sudoku-pocket', 'checkpoint=best'], /expected init=RUN\|FILE beside weights=, checkpoint=/],
  [['train', 'sudoku-pocket', 'init=x', 'weights=emma'], /found emma\. Did you mean weights=ema\?/],
  [['train', 'sudoku-pocket', '--jsn'], /found --jsn\. Did you mean --json\?/],
  [['train', 'sudoku-pocket', '-json'], /found -json\. Did you mean --json\?/],
  [['eval', 'x', 'dtype=bfloat'], /found bfloat\. Did you mean dtype=bfloat16\?/],
  [['eval', 'x', 'split=tset'], /Did you mean split=test\?/],
  [['eval', 'x', 'spilt=test'], /key spilt: .*Did you mean split\?/],
  [['parity', 'tests/fixtures/golden', '--only', 'trm-at'], /Did you mean --only trm-att\?/],
  [['reported', 'mehtod=TRM'], /Did you mean method\?/],
  [['reported', 'table=scailing'], /Did you mean table=scaling\?/],
  [['reported', 'task=Sudko'], /Did you mean task=Sudoku\?/],
  [['bench', 'wait', 'only=maze-papr'], /key only: .*Did you mean maze-paper\?/],
  [['run', 'no-notebook.ipnb'], /expected a notebook \(\.ipynb\)/],
  [['train', '--ablation', 'TRM, no EAM', 'sudoku-pocket'], /ablation: .*Did you mean 'TRM, no EMA'\?/],
  [['ablations', 'method=emma'], /key method: .*Did you mean method=EMA\?/],
  [['ablations', 'tabel=1'], /key tabel: .*Did you mean table\?/],
  [['explain', 'mixr'], /found mixr\. Did you mean mixer\?/],
  [['explain', 'test.exat'], /Did you mean test\.exact\?/],
]
for (const [args, message] of misspelt)
  test(`recurlab ${args.join(' ')} is one line that says what was meant, with exit code 2`, async () => {
    await assert.rejects(execute(args), (error) => {
      assert.ok(error instanceof UserError, String(error))
      assert.match(error.message, message)
      assert.deepEqual([error.exitCode, error.message.split('\n').length], [2, 1])
      return true
    })
  })

test('what is wrong with a command line goes to standard error, and nothing to standard output', async () => {
  const { code, stdout, stderr } = await recurlab(['data', 'bild'])
  assert.deepEqual([code, stdout], [2, ''])
  assert.match(stderr, /^recurlab: command line: .* Did you mean data build\?\n$/)
})

test("a group with a command of its own names that command's argument where it is missing", async () => {
  await assert.rejects(findCommand(['think'], false), {
    message: /expected RUN\|FILE or a word after think \(show, list\), found nothing/,
  })
  await assert.rejects(findCommand(['data'], false), { message: /expected a word after data \(build, / })
})
