// Takes the lease of each run that a line names, `MILLISECONDS DIR`, at that time, says how that went, and holds all until its input ends.
import { createInterface } from 'node:readline'
import { listRuns, openRun, resumeRun } from '../../lib/results/run.js'

const [mode, ...rest] = process.argv.slice(2)

/** Waits to the millisecond: several processes are to come at once. */
async function until(time: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, time - Date.now() - 15)))
  while (Date.now() < time);
}

if (mode === 'race') {
  process.stdout.write('ready\n')
  for await (const line of createInterface({ input: process.stdin })) {
    const [time, dir = ''] = line.split(' ')
    await until(Number(time))
    try {
      resumeRun(openRun(dir), 0, {})
      process.stdout.write('passed\n')
    } catch (error) {
      const { message } = error as Error
      process.stdout.write(message.includes('no other process is writing') ? 'refused\n' : `failed: ${message}\n`)
    }
  }
} else {
  // Takes the run and gives it back without end, until it is killed.
  for (;;) {
    const [run] = listRuns(rest[0]).runs
    resumeRun(run!, 0, {}).finish('interrupted')
    process.stdout.write('.')
  }
}
