import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { recurlab } from '../recurlab.js'
import { temporaryFolder } from './helpers.js'
import { startHub, tagOf } from './hub-server.js'

const folder = temporaryFolder()

test('Ctrl-C in the middle of recurlab data fetch keeps the part; the same command goes on', async () => {
  const content = Buffer.alloc(300_000, 'source,question,answer,rating\n')
  const hub = await startHub('sapientinc/sudoku-extreme', { 'train.csv': content, 'test.csv': content.subarray(0, 30) })
  let begun = false
  hub.behave = ({ response, bytes, nth }) => {
    if (nth > 0) return false
    response.writeHead(200, { etag: tagOf(bytes), 'content-length': bytes.length })
    response.write(bytes.subarray(0, 100_000), () =>
      setTimeout(() => response.write(bytes.subarray(100_000, 100_001)), 300),
    )
    begun = true
    return true
  }
  const env = { HF_ENDPOINT: hub.endpoint, HF_TOKEN: '' }
  const command = ['data', 'fetch', 'sudoku-extreme', 'out=data']
  let sent = false
  const stopped = await recurlab(command, {
    cwd: folder,
    env,
    watch: (text, kill) => {
      if (sent || !begun || !text.includes('train.csv')) return
      sent = true
      kill('SIGINT')
    },
  })
  assert.equal(stopped.code, 75, stopped.stderr)
  assert.match(
    stopped.stderr,
    /expected a complete download, found an interrupt\. \d+ of 300000 bytes are kept in train\.csv\.part/,
  )
  assert.doesNotMatch(stopped.stderr, /\n\s+at /)
  assert.deepEqual(readdirSync(path.join(folder, 'data')).sort(), ['train.csv.part', 'train.csv.part.json'])

  const { code, stdout, stderr } = await recurlab([...command, '--json'], { cwd: folder, env })
  assert.equal(code, 0, stderr)
  assert.match(hub.seen[1]?.range ?? '', /^bytes=[1-9]\d+-$/)
  assert.ok(readFileSync(path.join(folder, 'data/train.csv')).equals(content))
  assert.deepEqual(readdirSync(path.join(folder, 'data')).sort(), ['test.csv', 'train.csv'])
  const told = JSON.parse(stdout) as { files: { outcome: string }[]; next: string }
  assert.deepEqual(
    told.files.map(({ outcome }) => outcome),
    ['fetched', 'fetched'],
  )
  assert.match(told.next, /^recurlab data build sudoku box=3x3 csv=data\/train\.csv testCsv=data\/test\.csv/)
})
