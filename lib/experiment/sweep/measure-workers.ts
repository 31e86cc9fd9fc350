import type { WorkSeconds } from './cost.js'
import type { FromWorker, MeasuredRun, ToWorker } from './messages.js'
import type { SweepPlan } from './plan.js'
import type { Sharing } from './sharing.js'
import { startWorker } from './worker-process.js'

/**
 * Measures runs of a stored plan in worker processes that compute at the same time, as they will when they train.
 *
 * @param runs the runs to measure, each by every worker
 * @returns the mean over the workers, run by run; null when a worker failed or `signal` stopped them
 */
export async function measureInWorkers(
  plan: SweepPlan,
  { workers, threads }: Sharing,
  runs: readonly MeasuredRun[],
  signal?: AbortSignal,
): Promise<readonly WorkSeconds[] | null> {
  const processes = Array.from({ length: workers }, () => startWorker(plan, threads))
  const send = (message: ToWorker): void => {
    for (const process of processes) if (process.connected) process.send(message, () => {})
  }
  const stop = (): void => send({ kind: 'stop' })
  signal?.addEventListener('abort', stop)
  let starting = workers
  const answers = processes.map(
    (process) =>
      new Promise<readonly WorkSeconds[]>((resolve, reject) => {
        process.stdout?.resume()
        process.stderr?.resume()
        process.on('error', reject)
        process.on('close', () => reject(new Error('the worker ended')))
        process.on('message', (message: FromWorker) => {
          if (message.kind === 'ready' && --starting === 0) send({ kind: 'measure', runs })
          else if (message.kind === 'measured') resolve(message.seconds)
          else if (message.kind === 'failed') reject(new Error(message.message))
        })
      }),
  )
  // A run whose steps fail here fails again, with its reason, when it is trained.
  const all = await Promise.all(answers).catch(() => null)
  stop()
  signal?.removeEventListener('abort', stop)
  if (!all) return null
  const mean = (index: number, of: keyof WorkSeconds): number =>
    all.reduce((sum, seconds) => sum + seconds[index]![of], 0) / workers
  return runs.map((_, index) => ({ step: mean(index, 'step'), evaluation: mean(index, 'evaluation') }))
}
