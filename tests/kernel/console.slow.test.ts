import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { jupyterProcess, lacks } from './jupyter.js'

/** A loaded machine may need long to start Python and Node. */
const DEADLINE_MS = 180_000

test('jupyter console runs cells, shows a result and an error, and asks for input', {
  skip: lacks('jupyter_console'),
}, async (t) => {
  const { python, cwd, env } = jupyterProcess(t)
  const args = ['-m', 'jupyter_console', '--kernel', 'recurlab', '--simple-prompt']
  const child = spawn(python, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  let screen = ''
  const look = new EventTarget()
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      screen += text
      look.dispatchEvent(new Event('change'))
    })
  /** Waits until the screen, from where the last wait ended, shows the text. */
  let from = 0
  const shows = async (text: string): Promise<void> => {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    for (let at = -1; at < 0; ) {
      at = screen.indexOf(text, from)
      if (at >= 0) from = at + text.length
      else if (child.exitCode !== null) assert.fail(`the console has ended before it showed ${text}:\n${screen}`)
      else await once(look, 'change', { signal }).catch(() => assert.fail(`it did not show ${text}:\n${screen}`))
    }
  }
  const type = (line: string): void => void child.stdin.write(`${line}\n`)

  await shows('In [1]:')
  type('const six = 6; six * 7')
  await shows('Out[1]: 42')
  await shows('In [2]:')
  type("throw new RangeError('too deep')")
  await shows('RangeError: too deep')
  await shows('In [3]:')
  type("import { input } from '../lib/notebook/input.js'; await input('Who? ')")
  await shows('Who? ')
  type('Ada')
  await shows("Out[3]: 'Ada'")
  await shows('In [4]:')
  child.stdin.end()
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
})
