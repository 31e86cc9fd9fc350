import assert from 'node:assert/strict'
import { test } from 'node:test'
import { colorOf, dashOf, markerOf } from '../lib/plot/template.js'

const SERIES = 6

/** The matrices of Machado, Oliveira & Fernandes (2009) for full severity, over linear RGB. */
const VISIONS: Readonly<Record<string, readonly (readonly number[])[]>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
}

function linear(hex: string): number[] {
  return [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
}

/** CIELAB of linear RGB, white D65. */
function lab([r, g, b]: readonly number[]): [number, number, number] {
  const f = (t: number): number => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116)
  const x = f((0.4124 * r! + 0.3576 * g! + 0.1805 * b!) / 0.9505)
  const y = f(0.2126 * r! + 0.7152 * g! + 0.0722 * b!)
  const z = f((0.0193 * r! + 0.1192 * g! + 0.9505 * b!) / 1.089)
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

function seen(hex: string, vision: readonly (readonly number[])[]): [number, number, number] {
  const rgb = linear(hex)
  return lab(
    vision.map((row) =>
      Math.min(
        1,
        Math.max(
          0,
          row.reduce((sum, w, k) => sum + w * rgb[k]!, 0),
        ),
      ),
    ),
  )
}

const colors = Array.from({ length: SERIES }, (_, i) => colorOf(i))
const pairs = colors.flatMap((a, i) => colors.slice(i + 1).map((b): [string, string] => [a, b]))

test("six series differ in grey by seven steps of lightness or more, for a printer's reader", () => {
  for (const [a, b] of pairs) {
    const apart = Math.abs(lab(linear(a))[0] - lab(linear(b))[0])
    assert.ok(apart > 7, `${a} and ${b}: ${apart}`)
  }
})

for (const [vision, matrix] of Object.entries(VISIONS))
  test(`six series differ in colour with ${vision} vision`, () => {
    for (const [a, b] of pairs) {
      const [p, q] = [seen(a, matrix), seen(b, matrix)]
      const apart = Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2])
      assert.ok(apart > 16, `${a} and ${b}: ${apart}`)
    }
  })

test('every series has its own dash and marker, and 36 series differ in colour and dash together', () => {
  const first = Array.from({ length: SERIES }, (_, i) => i)
  assert.equal(new Set(first.map(dashOf)).size, SERIES)
  assert.equal(new Set(first.map(markerOf)).size, SERIES)
  const all = Array.from({ length: SERIES ** 2 }, (_, i) => `${colorOf(i)} ${dashOf(i)}`)
  assert.equal(new Set(all).size, SERIES ** 2)
})
