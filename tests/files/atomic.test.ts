import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { createFileAtomic, readBytes, sha256, systemReason, writeFileAtomic } from '../../lib/files/atomic.js'
import { readJson, writeJson } from '../../lib/files/json.js'
import { duplicateKey } from '../../lib/files/json-keys.js'
import { removeLeftovers } from '../../lib/files/leftovers.js'
import { fileOperations } from '../../lib/files/operations.js'
import { withFailure } from './failing.js'

const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-files-'))
after(() => rmSync(folder, { recursive: true }))

test('several pieces are written one after the other, whatever portions the system takes', () => {
  const file = path.join(folder, 'a', 'b', 'pieces')
  const { writeSync } = fileOperations
  Object.assign(fileOperations, {
    writeSync: (fd: number, bytes: Uint8Array, at: number, length: number) =>
      writeSync(fd, bytes, at, Math.min(3, length), null),
  })
  try {
    writeFileAtomic(file, [Buffer.from('one '), Buffer.from(''), Buffer.from('two three')])
  } finally {
    Object.assign(fileOperations, { writeSync })
  }
  assert.equal(readBytes(file).toString(), 'one two three')
  assert.deepEqual(readdirSync(path.dirname(file)), ['pieces'])
})

for (const how of ['once', 'for good'] as const)
  test(`whichever operation fails ${how}, the file is the old one or the new one, and failure is told`, () => {
    const file = path.join(folder, `failing-${how}`)
    let failures = 0
    for (let n = 0; ; n++) {
      writeFileSync(file, 'old')
      const { operations, error } = withFailure(n, how, () =>
        writeFileAtomic(file, [Buffer.from('ne'), Buffer.from('w')]),
      )
      const content = readFileSync(file, 'utf8')
      if (operations <= n) {
        assert.equal(content, 'new')
        break
      }
      if (error === null) assert.equal(content, 'new')
      else {
        failures++
        assert.ok(error instanceof UserError, String(error))
        assert.match(error.message, /expected a writable path, found no space left on device \(ENOSPC\)/)
        assert.match(content, /^(old|new)$/)
      }
      if (how === 'once')
        assert.deepEqual(
          readdirSync(folder).filter((name) => name.endsWith('.tmp')),
          [],
        )
      removeLeftovers(folder)
    }
    assert.ok(failures >= 6, `only ${failures} failures seen`)
  })

test('a folder that cannot be had is one clear error', () => {
  const file = path.join(folder, 'plain')
  writeFileSync(file, '')
  for (const place of [path.join(file, 'x'), '/dev/null/x'])
    assert.throws(() => writeFileAtomic(place, ''), { name: 'UserError', message: /out=DIR/ })
})

test('a missing file is named with the reason', () => {
  assert.throws(() => readBytes(path.join(folder, 'none')), {
    message: /none: expected a readable file, found no such file or directory \(ENOENT\)\./,
  })
})

test('sha256 of pieces is that of the whole', () => {
  assert.equal(sha256(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  assert.equal(sha256([Buffer.from('a'), Buffer.from('bc')]), sha256('abc'))
})

test('JSON that is damaged or no object is refused with the file named', () => {
  const file = path.join(folder, 'x.json')
  writeJson(file, { a: 1 })
  assert.deepEqual(readJson(file), { a: 1 })
  for (const [text, message] of [
    ['{"a":', /x\.json: expected JSON/],
    ['[1]', /object, found a list/],
    ['null', /object, found null/],
  ] as const) {
    writeFileSync(file, text)
    assert.throws(() => readJson(file), { name: 'UserError', message })
  }
})

test('a key given twice is found at any depth, escaped or not', () => {
  assert.equal(duplicateKey('{"a":{"b":1},"c":{"b":2},"d":["a","a",{"a":":"}]}'), null)
  assert.equal(duplicateKey('{"x":[{"a":1,"\\u0061":2}]}'), 'a')
  assert.equal(duplicateKey('{"a\\"":1, "a\\"" :2}'), 'a"')
})

test("a system's reason is its words without the call; any other reason is whole", () => {
  const system = Object.assign(new Error("ENOENT: no such file or directory, open 'x'"), { code: 'ENOENT' })
  assert.equal(systemReason(system), 'no such file or directory (ENOENT)')
  const own = new UserError('Kaleido, which draws figures as SVG, failed: it ended (1), and more')
  assert.equal(systemReason(own), own.message)
})

for (const links of ['with', 'without'] as const)
  test(`a new file is created once on a file system ${links} hard links, and whole whichever operation fails`, () => {
    const { linkSync } = fileOperations
    if (links === 'without')
      Object.assign(fileOperations, {
        linkSync: () => {
          throw Object.assign(new Error('EPERM'), { code: 'EPERM' })
        },
      })
    try {
      const place = path.join(folder, `created-${links}`)
      const file = path.join(place, 'file')
      let failures = 0
      for (let n = 0; ; n++) {
        rmSync(place, { recursive: true, force: true })
        const { operations, error } = withFailure(n, 'once', () => assert.ok(createFileAtomic(file, 'first')))
        if (error !== null) assert.ok(error instanceof UserError, String(error))
        if (error !== null) failures++
        const content = fileOperations.existsSync(file) ? readFileSync(file, 'utf8') : null
        assert.ok(content === 'first' || (content === null && error !== null))
        if (operations <= n) break
      }
      assert.ok(failures > 2)
      assert.equal(createFileAtomic(file, 'second'), false)
      assert.equal(readFileSync(file, 'utf8'), 'first')
      assert.deepEqual(readdirSync(place), ['file'])
    } finally {
      Object.assign(fileOperations, { linkSync })
    }
  })
