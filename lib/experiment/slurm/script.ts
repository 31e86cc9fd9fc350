import { IN_NOTEBOOK, projectFolder } from '../../files/places.js'
import { awaitsDecision } from '../sweep/halving.js'
import type { SweepPlan } from '../sweep/plan.js'
import type { Directive, ResolvedSlurm } from './options.js'
import { command, jobName, slurmPlaces } from './places.js'

/** Deaths of a task by a signal, such as those of a node that is out of memory, after which it is not started again. */
const MOST_DEATHS = 3

/** Seconds by which a busy node may deliver the warning late. */
const LATE_WARNING = 5

/** Variables of the submitting process that decide how a run is computed; a cluster may not hand on the environment. */
const HANDED_ON = ['RECURLAB_BACKEND', 'RECURLAB_FAST', 'RECURLAB_AMX', 'RECURLAB_LEASE_SECONDS'] as const

/**
 * Returns the batch script of a job array whose task N trains run `offset` + N of a plan.
 *
 * @param runs indices of the runs
 */
export function arrayScript(plan: SweepPlan, runs: readonly number[], options: ResolvedSlurm, offset = 0): string {
  const { cpus, width, warnSeconds, requeues } = options
  const directives: Directive[] = [
    ['array', `${ranges(runs.map((run) => run - offset))}${width === null ? '' : `%${width}`}`],
    ['cpus-per-task', String(cpus)],
    ['signal', `B:USR1@${warnSeconds}`],
    ['requeue', null],
  ]
  return `${head(plan, [...directives, ...options.shared])}
# Trains a sweep: task N of this array trains run ${offset === 0 ? 'N' : `${offset} + N`} of the plan. Before the time limit a task saves and requeues itself; it
# then goes on where it was. Written by recurlab, and valid for another sbatch.

RUN=${offset === 0 ? '"$SLURM_ARRAY_TASK_ID"' : `$((${offset} + SLURM_ARRAY_TASK_ID))`}
LOG=${shellWord(slurmPlaces(plan).logs)}/run-$RUN.log
MOST_REQUEUES=${requeues}
MOST_DEATHS=${MOST_DEATHS}
${setting(plan)}

# The ID of one task may be that of the whole array as well, and then a command with it means all of them.
TASK="\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"

# A task on a node where it cannot work waits in the queue, on hold, with the reason as its comment.
hold() {
  scontrol update JobId="$TASK" Comment="node $(hostname) $1"
  scontrol requeuehold "$TASK"
  exit 1
}
for FILE in "$PLAN/plan.json" "$RECURLAB" "$NODE"; do
  [ -r "$FILE" ] || hold "does not see $FILE"
done
cd "$FOLDER" || hold "does not see $FOLDER"
exec 2>/dev/null >>"$LOG" && exec 2>&1

say() { echo "[$(date -u +%FT%TZ) $(hostname) job $TASK restart \${SLURM_RESTART_COUNT:-0}] $*"; }

requeue() {
  if [ -e "$PLAN/cancelled.json" ]; then
    say "$1; the sweep is cancelled"
  elif [ "\${SLURM_RESTART_COUNT:-0}" -ge "$MOST_REQUEUES" ]; then
    say "$1; not requeued, as it was $MOST_REQUEUES times"
  elif scontrol requeue "$TASK"; then
    say "$1; requeued"
  else
    say "$1; scontrol could not requeue it"
  fi
  exit "$CODE"
}

# The warning is a request to save and requeue; SIGTERM comes when Slurm ends the task, and decides itself about a requeue. A
# SIGTERM after the warning is that of the time limit if as many seconds have passed; before, it is that of a cancellation.
WORK= WARNED= ENDED= STOPPED= SIGNALS=0 SEEN=
stop() {
  SIGNALS=$((SIGNALS + 1))
  [ -z "$WORK" ] || [ -n "$STOPPED" ] || { STOPPED=1; kill -TERM "$WORK" 2>/dev/null; }
}
trap 'WARNED=\${WARNED:-$SECONDS}; stop' USR1
trap '[ -n "$WARNED" ] && [ $((SECONDS - WARNED)) -ge ${Math.max(1, warnSeconds - LATE_WARNING)} ] || ENDED=1; stop' TERM
say "begins"
"$NODE" "$RECURLAB" sweep work "$PLAN" run="$RUN" &
WORK=$!
[ "$SIGNALS" = 0 ] || stop
# A signal breaks off a wait.
until [ "$SEEN" = "$SIGNALS" ]; do
  SEEN=$SIGNALS
  wait "$WORK"
  CODE=$?
done
# Nothing may break off what follows: Slurm ends the whole job at its requeue, with scontrol.
trap '' USR1 TERM

if [ "$CODE" = 0 ]; then
  say "done"
elif [ -n "$ENDED" ]; then
  say "ended by Slurm with exit code $CODE"
elif [ -n "$WARNED" ] && [ "$CODE" -ge 75 ]; then
  requeue "stopped before the time limit"
elif [ "$CODE" = 75 ]; then
  requeue "stopped and saved"
elif [ "$CODE" -gt 128 ]; then
  # A file, since the count has to outlive this process.
  DEATHS="$PLAN/slurm/deaths-$SLURM_ARRAY_JOB_ID-$RUN"
  echo "$CODE" >>"$DEATHS"
  COUNT=$(wc -l <"$DEATHS")
  [ "$COUNT" -ge "$MOST_DEATHS" ] || requeue "killed by signal $((CODE - 128))"
  say "killed by signal $((CODE - 128)), $COUNT times: not requeued"
  "$NODE" "$RECURLAB" sweep work "$PLAN" run="$RUN" failed="its process was killed by signal $((CODE - 128)), $COUNT times"
else
  say "failed with exit code $CODE"
fi
exit "$CODE"
`
}

/**
 * Returns the batch script of the job that follows an array: it makes tables and figures, after the decision of successive halving that
 * is due.
 */
export function reportScript(plan: SweepPlan, { shared, report: makesReport }: ResolvedSlurm): string {
  const { report, reportLog } = slurmPlaces(plan)
  const decides = awaitsDecision(plan)
  const works = [
    ...(decides ? ['"$NODE" "$RECURLAB" sweep advance "$PLAN"', 'CODE=$?'] : []),
    ...(makesReport ? [`"$NODE" "$RECURLAB" sweep report "$PLAN" to=${shellWord(report)} || CODE=$?`] : []),
  ]
  const what = [
    ...(decides ? ['takes the decision of successive halving that is due, and submits what goes on'] : []),
    ...(makesReport ? ['makes the tables and figures of a sweep'] : []),
  ].join('; ')
  // Resources for training are not needed; time and place are those of the array.
  const kept = shared.filter(([name]) => !['mem', 'gres', 'gpus', 'exclusive'].includes(name))
  return `${head(plan, kept)}
# After an array: ${what}.
# Written by recurlab, and valid for another sbatch.

${setting(plan)}

cd "$FOLDER" || exit 1
exec 2>/dev/null >>${shellWord(reportLog)} && exec 2>&1
CODE=0
${works.join('\n')}
exit "$CODE"
`
}

function head(plan: SweepPlan, directives: readonly Directive[]): string {
  const all: Directive[] = [
    ['job-name', jobName(plan)],
    // The script opens its log itself: Slurm would fail a task without a word where it cannot.
    ['output', '/dev/null'],
    ['open-mode', 'append'],
    ...directives,
  ]
  return ['#!/bin/bash', ...all.map(directiveLine)].join('\n')
}

/** Returns the variables that both scripts begin with. */
function setting({ dir }: SweepPlan): string {
  // Relative paths in the plan are relative to the home folder of records.
  const folder = process.env[IN_NOTEBOOK] === '1' ? projectFolder : process.cwd()
  const handed = HANDED_ON.flatMap((name) => {
    const value = process.env[name]
    return value ? [`export ${name}=${shellWord(value)}`] : []
  })
  return [
    `PLAN=${shellWord(dir)}`,
    `NODE=${shellWord(process.execPath)}`,
    `RECURLAB=${shellWord(command)}`,
    `FOLDER=${shellWord(folder)}`,
    `export RECURLAB_THREADS="\${SLURM_CPUS_PER_TASK:-1}"`,
    ...handed,
  ].join('\n')
}

function directiveLine([name, value]: Directive): string {
  return `#SBATCH --${name}${value === null ? '' : `=${directiveWord(value)}`}`
}

/** Quotes a value for a line of `#SBATCH`. */
function directiveWord(value: string): string {
  return /^[\w./:,=@%+*[\]-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`
}

/** Quotes a word for the shell. */
export function shellWord(text: string): string {
  return /^[\w./:,=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** Returns whole numbers in ascending order as Slurm writes a list of tasks: `0-3,7,9-10`. */
export function ranges(numbers: readonly number[]): string {
  const parts: string[] = []
  for (let i = 0, from = 0; i < numbers.length; i++) {
    if (numbers[i + 1] === numbers[i]! + 1) continue
    parts.push(from === i ? String(numbers[i]) : `${numbers[from]}-${numbers[i]}`)
    from = i + 1
  }
  return parts.join(',')
}
