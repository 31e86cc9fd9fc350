import type { CommandEntry } from './command.js'

/** Every command by name, in the groups that `recurlab --help` shows. Its code is loaded on demand. */
export const commandGroups: Readonly<Record<string, Readonly<Record<string, CommandEntry>>>> = {
  Work: {
    train: {
      usage: 'train PRESET [key=value …]',
      summary: 'Train a model and store the run.',
      load: async () => (await import('./commands/train.js')).command,
    },
    resume: {
      usage: 'resume RUN',
      summary: 'Resume a stopped run, bit for bit.',
      load: async () => (await import('./commands/resume.js')).command,
    },
    reproduce: {
      usage: 'reproduce RUN',
      summary: 'Repeat a run from its record, and compare it bit for bit.',
      load: async () => (await import('./commands/reproduce.js')).command,
    },
    sweep: {
      usage: 'sweep PRESET|FILE.ts key=a,b,c …',
      summary: 'Train every combination of a grid, several at a time.',
      load: async () => (await import('./commands/sweep.js')).group,
    },
    eval: {
      usage: 'eval RUN|FILE [key=value …]',
      summary: 'Evaluate the weights of a run or of a file.',
      load: async () => (await import('./commands/eval.js')).command,
    },
    solve: {
      usage: 'solve RUN|FILE PUZZLE [key=value …]',
      summary: 'Watch a trained model solve one puzzle, step by step.',
      load: async () => (await import('./commands/solve.js')).command,
    },
    ladder: {
      usage: 'ladder RUN|FILE [key=value …]',
      summary: 'Measure accuracy by the number of supervision steps, with its power law.',
      load: async () => (await import('./commands/ladder.js')).command,
    },
    think: {
      usage: 'think RUN|FILE [key=value …]',
      summary: 'Let a trained model think longer, and record every rollout.',
      load: async () => (await import('./commands/think.js')).group,
    },
    runs: {
      usage: 'runs [RUN …] [key=value …]',
      summary: 'List, compare and name the stored runs.',
      load: async () => (await import('./commands/runs.js')).command,
    },
    report: {
      usage: 'report RUN …|SWEEP [out=FILE.html]',
      summary: 'Write a report of runs or of a sweep as one HTML file.',
      load: async () => (await import('./commands/report.js')).command,
    },
    publish: {
      usage: 'publish RUN …|SWEEP … [to=DIR]',
      summary: 'Copy finished runs without their weights, small enough for a repository.',
      load: async () => (await import('./commands/publish.js')).command,
    },
    run: {
      usage: 'run NOTEBOOK [key=value …]',
      summary: 'Execute a notebook without a browser, with other parameters.',
      load: async () => (await import('./commands/run.js')).command,
    },
    notebooks: {
      usage: 'notebooks sync|refresh …',
      summary: 'Keep notebooks as text too, and refresh their outputs.',
      load: async () => (await import('./commands/notebooks.js')).group,
    },
    explain: {
      usage: 'explain [KEY|METRIC|PRESET …]',
      summary: 'Explain keys of the configuration, metrics and presets.',
      load: async () => (await import('./commands/explain.js')).command,
    },
    ablations: {
      usage: 'ablations [key=value …]',
      summary: 'List the rows of the paper’s ablation tables, or train them.',
      load: async () => (await import('./commands/ablations.js')).command,
    },
    reported: {
      usage: 'reported [key=value …]',
      summary: 'Print published results of these models and of others.',
      load: async () => (await import('./commands/reported.js')).command,
    },
  },
  Data: {
    data: {
      usage: 'data build|fetch|info|export|solve …',
      summary: 'Build, fetch, inspect and export data sets.',
      load: async () => (await import('./commands/data.js')).group,
    },
  },
  Weights: {
    weights: {
      usage: 'weights [fetch NAME]',
      summary: 'List the weights that have a name, and fetch public ones.',
      load: async () => (await import('./commands/weights.js')).group,
    },
    import: {
      usage: 'import FILE [key=value …]',
      summary: 'Read weights, including those of the published PyTorch code.',
      load: async () => (await import('./commands/import.js')).command,
    },
    export: {
      usage: 'export RUN|FILE out=FILE [key=value …]',
      summary: 'Write weights for the published PyTorch code and for others.',
      load: async () => (await import('./commands/export.js')).command,
    },
  },
  Tools: {
    doctor: {
      usage: 'doctor',
      summary: 'Show the set-up, the backend with the reason for it, and missing parts.',
      load: async () => (await import('./commands/doctor.js')).command,
    },
    verify: {
      usage: 'verify [RUN|DIR|FILE …]',
      summary: 'Check everything that is stored, byte by byte.',
      load: async () => (await import('./commands/verify.js')).command,
    },
    gc: {
      usage: 'gc [key=value …]',
      summary: 'Show what nothing refers to, and remove it.',
      load: async () => (await import('./commands/gc.js')).command,
    },
    cluster: {
      usage: 'cluster doctor',
      summary: 'Show what a compute node of a cluster lacks.',
      load: async () => (await import('./commands/cluster.js')).group,
    },
  },
  'For developers': {
    bench: {
      usage: 'bench bits|data|kernel|live|memory|scaling|start|think|wait|train|eval …',
      summary: 'Measure speed and memory, also against PyTorch and other notebook kernels.',
      load: async () => (await import('../../bench/commands/bench.js')).group,
    },
    parity: {
      usage: 'parity DIR',
      summary: 'Compare this build with reference numbers.',
      load: async () => (await import('../../bench/commands/parity.js')).command,
    },
  },
}

/** Every command by name. */
export const commands: Readonly<Record<string, CommandEntry>> = Object.assign({}, ...Object.values(commandGroups))
