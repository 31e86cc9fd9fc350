import { examineNode } from '../../../experiment/slurm/doctor.js'
import { DEFAULT_RESULTS } from '../../../results/layout.js'
import { type Command, noWords } from '../../command.js'
import { doctorReport, hasNeeded } from '../../doctor-report.js'
import { onlyKeys } from '../../keys.js'
import { slurmHelp, slurmOptions, withoutSlurm } from '../../slurm-options.js'

/** Options of a submission that choose a node. */
const KEYS = ['partition', 'account', 'time', 'memory', 'cpus', 'gres']

/** `recurlab cluster doctor`. */
export const command: Command = {
  help: [
    'Waits for one node of the cluster and checks there: the shared folder, Node, the C library, the processor, the backend with compiled kernels, a GPU. Kernels are kept for each kind of processor; where none fit and a compiler is there, this compiles them. Exit code 0 if a run can be trained there, else 1.',
    {
      title: 'Options',
      rows: [
        ['out=DIR', 'Results folder, which the nodes should share. Default: results.'],
        ...slurmHelp('', KEYS).rows,
        ['--json', 'Prints the report as JSON: { ok, rows: [{ name, ok, needed, found, todo }] }.'],
      ],
    },
  ],
  example: 'cluster doctor partition=cpu',
  flags: { json: false },
  async run({ words, pairs, flags }) {
    noWords(words)
    const { out = DEFAULT_RESULTS } = onlyKeys(withoutSlurm(pairs), ['out'])
    const rows = await examineNode(slurmOptions(pairs), out)
    const ok = hasNeeded(rows)
    const end = ok ? 'Runs can be trained on that node.' : 'Runs cannot be trained on that node: see MISSING above.'
    process.stdout.write(flags.has('json') ? `${JSON.stringify({ ok, rows }, null, 2)}\n` : doctorReport(rows, end))
    return ok ? 0 : 1
  },
}
