// Takes the lease of each folder at its time, says how that went, and holds them until it is killed.
import { listRuns, openRun, resumeRun } from '../../lib/results/run.js'

const [mode, ...rest] = process.argv.slice(2)

/** Waits to the millisecond: several processes are to come at once. */
async function until(time: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, time - Date.now() - 15)))
  while (Date.now() < time);
}

if (mode === 'race') {
  const [start = '', every = '', ...folders] = rest
  for (const [i, dir] of folders.entries()) {
    await until(Number(start) + i * Number(every))
    try {
      resumeRun(openRun(dir), 0, {})
      process.stdout.write('passed\n')
    } catch (error) {
      const { message } = error as Error
      process.stdout.write(message.includes('no other process is writing') ? 'refused\n' : `failed: ${message}\n`)
    }
  }
  // It holds its leases until it is killed: those of a process that has ended are free for a late one.
  setInterval(() => {}, 1000)
} else {
  // Takes the run and gives it back without end, until it is killed.
  for (;;) {
    const [run] = listRuns(rest[0]).runs
    resumeRun(run!, 0, {}).finish('interrupted')
    process.stdout.write('.')
  }
}
