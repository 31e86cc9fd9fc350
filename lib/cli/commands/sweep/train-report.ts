import { UserError } from '../../../errors.js'
import { visible } from '../../../escape/visible.js'
import type { Coverage } from '../../../experiment/sweep/coverage.js'
import type { Ask } from '../../../experiment/sweep/guard.js'
import { planWords } from '../../../experiment/sweep/plan.js'
import type { PlannedSweep } from '../../../experiment/sweep/plan-sweep.js'
import { type SweepOptions, type SweepRuns, trainPlan } from '../../../experiment/sweep/sweep.js'
import { formatTable } from '../../../results/text.js'
import { askInTerminal } from '../../ask.js'
import { abortOnInterrupt, STOPPED } from '../../interrupt.js'

/** The output of a sweep, and its question. */
export interface ReportOptions {
  readonly json: boolean
  /** The given results folder; undefined for the default. */
  readonly out: string | undefined
  /** Asks whether a long sweep may start; null: it starts. */
  readonly ask: Ask
}

/** Asks in the terminal. @throws UserError (exit code 2) where there is none */
export async function terminalAsk(question: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new UserError({
      where: 'sweep',
      expected: '--yes, or a terminal to ask in',
      found: `neither, to answer: ${question.replace(/ *\[y\/N\] *$/, '')}`,
      todo: 'Nothing was trained. askAbove=MINUTES sets above which time it asks.',
      exitCode: 2,
    })
  return askInTerminal(question)
}

/** Trains a planned sweep and prints its results. Resolves to the exit code: 0, 1 when a run failed, 75 when stopped. */
export async function trainAndReport(
  planned: PlannedSweep,
  options: SweepOptions,
  { json, out, ask }: ReportOptions,
): Promise<number> {
  const interrupt = abortOnInterrupt('Stopping after the current steps')
  const runs = await trainPlan(
    planned,
    { ...options, signal: interrupt.signal },
    { ask, stream: json ? process.stderr : process.stdout },
  )
  interrupt.end()
  print(runs, json)
  return exitCode(runs.coverage, out)
}

function print(runs: SweepRuns, json: boolean): void {
  const { coverage } = runs
  if (json)
    process.stdout.write(
      `${JSON.stringify({ plan: coverage.plan.dir, coverage: coverage.runs, results: runs.table() })}\n`,
    )
  else process.stdout.write(`${formatTable(runs.table())}\n${coverage.text()}\n`)
}

function exitCode(coverage: Coverage, out: string | undefined): number {
  const { plan } = coverage
  const where = planWords(plan, out)
  for (const { run, message } of coverage.runs.filter(({ state }) => state === 'failed'))
    process.stderr.write(`Failed: ${run}: ${visible(String(message))}\n`)
  if (coverage.count('failed') > 0) process.stderr.write(`To try again: npx recurlab sweep retry ${where}\n`)
  const unfinished = coverage.count('interrupted') + coverage.count('missing')
  const elsewhere = coverage.count('running')
  if (elsewhere > 0) process.stderr.write(`Other processes are at work: npx recurlab sweep status ${where}\n`)
  if (unfinished > 0) process.stderr.write(`Stopped and saved. To continue: npx recurlab sweep resume ${where}\n`)
  if (unfinished + elsewhere > 0) return STOPPED
  return coverage.count('failed') > 0 ? 1 : 0
}
