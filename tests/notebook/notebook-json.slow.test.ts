import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { notebookJson, splitLines } from '../../lib/notebook/notebook-json.js'
import { root } from '../shared.js'

const python = path.join(root, '.venv', 'bin', 'python')
const skip = existsSync(python) ? false : 'there is no .venv (npm run setup)'

/** A notebook as JupyterLab's server writes what it has read. */
function savedByJupyter(text: string): string {
  const program =
    'import io, sys, nbformat\n' +
    'notebook = nbformat.reads(sys.stdin.buffer.read().decode("utf8"), as_version=4)\n' +
    'out = io.StringIO()\n' +
    'nbformat.write(notebook, out)\n' +
    'sys.stdout.buffer.write(out.getvalue().encode("utf8"))'
  const { status, stdout, stderr } = spawnSync(python, ['-c', program], { input: text, maxBuffer: 1 << 28 })
  assert.equal(status, 0, String(stderr))
  return stdout.toString('utf8')
}

const folder = path.join(root, 'notebooks')
for (const name of readdirSync(folder).filter((each) => each.endsWith('.ipynb')))
  test(`${name} is committed as JupyterLab writes it, and written so here`, { skip }, () => {
    const text = readFileSync(path.join(folder, name), 'utf8')
    const again = `.venv/bin/python -c 'import nbformat; f = "notebooks/${name}"; nbformat.write(nbformat.read(f, 4), f)'`
    assert.ok(savedByJupyter(text) === text, `JupyterLab would rewrite it. Write it as Jupyter does: ${again}`)
    assert.ok(notebookJson(JSON.parse(text)) === text)
  })

test('a notebook is written as JupyterLab does, whatever is in it', { skip }, () => {
  const ends = ['\n', '\r', '\r\n', '\v', '\f', '\x1c', '\x1d', '\x1e', '\x85', '\u2028', '\u2029']
  const text = `${ends.map((end) => `a${end}`).join('')}\n\n"\\\t\x00\x7f ü 😀 end`
  const data = {
    'text/plain': text,
    'text/html': ['<b>', '\n', 'x</b>'],
    'image/svg+xml': '<svg>\n</svg>',
    'image/png': 'QUJD\nREVG',
    'application/pdf': 'QUJD',
    'application/json': { text, list: [1, 'a\nb'] },
    'application/vnd.plotly.v1+json': {
      numbers: [
        0,
        -0,
        1,
        -1.5,
        0.1,
        1e-4,
        9.9e-5,
        -1e-5,
        1.234e-7,
        5e-324,
        1e20,
        1e21,
        1.7976931348623157e308,
        2 ** 53,
      ],
      keys: { 10: 1, 9: 2, Z: 3, a: 4, ä: 5, '\uffee': 6, '😀': 7, __proto__: 8, '': 9 },
      empty: [{}, [], '', null, true, [[]]],
    },
  }
  const notebook = {
    nbformat_minor: 5,
    nbformat: 4,
    metadata: { kernelspec: { name: 'recurlab', display_name: 'TypeScript', language: 'typescript' } },
    cells: [
      {
        source: text,
        metadata: {},
        id: 'b',
        cell_type: 'markdown',
        attachments: { 'a.svg': { 'image/svg+xml': '<a>\n</a>' } },
      },
      {
        source: [],
        outputs: [
          { output_type: 'stream', name: 'stdout', text: ['a', 'b\nc'] },
          { output_type: 'display_data', metadata: { 'image/png': { width: 2 } }, data },
          { output_type: 'execute_result', execution_count: 1, metadata: {}, data },
          { output_type: 'error', ename: 'E', evalue: 'a\nb', traceback: ['x\ny', 'z'] },
        ],
        metadata: { tags: ['parameters'] },
        id: 'a',
        execution_count: null,
        cell_type: 'code',
      },
      { source: '', metadata: {}, id: 'c', cell_type: 'raw' },
    ],
  }
  const written = notebookJson(notebook)
  assert.equal(written, savedByJupyter(JSON.stringify(notebook)))
  assert.equal(written, notebookJson(JSON.parse(written)))
})

test('half an emoji is written as the sign for what cannot be read, as a key too', { skip }, () => {
  const cell = { cell_type: 'raw', id: 'a', metadata: { 'k\ud83d': 1 }, source: 'a\ud83d\n\ude00b 😀' }
  const written = notebookJson({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] })
  assert.match(written, /"k\ufffd": 1/)
  assert.match(written, /"a\ufffd\\n",\n +"\ufffdb 😀"/)
  assert.equal(savedByJupyter(written), written)
})

test('lines keep their ends, and together are the text', () => {
  assert.deepEqual(splitLines('a\r\nb\n\nc'), ['a\r\n', 'b\n', '\n', 'c'])
  assert.deepEqual(splitLines(''), [])
  assert.deepEqual(splitLines('\n'), ['\n'])
})
