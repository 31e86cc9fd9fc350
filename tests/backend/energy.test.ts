import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { energyCounters } from '../../lib/backend/energy.js'
import { addSpent, NOTHING_SPENT, startMeter } from '../../lib/backend/spent.js'
import { temporaryFolder } from '../results/fixture.js'

/** Makes the folder of a counter as Linux has it, and returns the file with its microjoules. */
function zone(folder: string, id: string, name: string, microjoules: number, range = 1_000_000): string {
  const dir = path.join(folder, id)
  mkdirSync(dir)
  const file = path.join(dir, 'energy_uj')
  for (const [key, value] of [
    ['name', name],
    ['energy_uj', microjoules],
    ['max_energy_range_uj', range],
  ] as const)
    writeFileSync(path.join(dir, key), `${value}\n`)
  return file
}

test('the energy of every processor is summed, also where a counter starts again, and no part of one is counted twice', () => {
  const folder = temporaryFolder()
  const [first, second] = [
    zone(folder, 'intel-rapl:0', 'package-0', 900_000),
    zone(folder, 'intel-rapl:1', 'package-1', 5),
  ]
  zone(folder, 'intel-rapl:0:0', 'core', 100)
  zone(folder, 'intel-rapl-mmio:0', 'package-0', 900_000)
  zone(folder, 'intel-rapl:2', 'psys', 1)
  const counters = energyCounters(folder)
  assert.match(counters.source, /^RAPL package-0, package-1: all that runs on the machine/)
  assert.equal(counters.joules(), 0)
  writeFileSync(first, '950000\n')
  writeFileSync(second, '100005\n')
  assert.equal(counters.joules(), 0.15)
  // 50,000 µJ to the end of the range, and 20,000 after it.
  writeFileSync(first, '20000\n')
  assert.equal(counters.joules(), 0.22)
  rmSync(second)
  assert.equal(counters.joules(), null, 'unknown, and not the energy of one processor')
  writeFileSync(second, '100005\n')
  assert.equal(counters.joules(), null, 'what was used in between is unknown')
})

test('without counters the reason is given, and no energy', () => {
  const folder = temporaryFolder()
  const missing = energyCounters(path.join(folder, 'none'))
  assert.match(missing.source, /^not measured: this system has no energy counters/)
  assert.equal(missing.joules(), null)
  assert.match(energyCounters(folder).source, /^not measured: no processor has an energy counter/)
  writeFileSync(zone(folder, 'intel-rapl:0', 'package-0', 1), 'not a number\n')
  assert.match(energyCounters(folder).source, /^not measured: .* cannot be read/)
})

test('a meter gives seconds of the clock and of the processor, whatever else the process waits for', async () => {
  const before = process.cpuUsage()
  const waiting = startMeter()
  await new Promise((resolve) => setTimeout(resolve, 60))
  const idle = waiting()
  const { user, system } = process.cpuUsage(before)
  const working = startMeter()
  const until = process.cpuUsage().user + 40_000
  while (process.cpuUsage().user < until);
  const busy = working()
  assert.ok(idle.seconds >= 0.055, String(idle.seconds))
  assert.ok(idle.cpuSeconds <= (user + system + 1) / 1e6, `${idle.cpuSeconds}, of ${user + system} µs`)
  assert.ok(busy.cpuSeconds >= 0.04, String(busy.cpuSeconds))
})

test('spent times add up; energy is unknown once a part of it is', () => {
  const part = { seconds: 1, cpuSeconds: 2, joules: 3 }
  assert.deepEqual(addSpent(NOTHING_SPENT, part), part)
  assert.deepEqual(addSpent(part, part), { seconds: 2, cpuSeconds: 4, joules: 6 })
  assert.deepEqual(addSpent(part, { ...part, joules: null }).joules, null)
})
