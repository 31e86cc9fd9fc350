import type { CommandGroup } from '../command.js'
import { command, help } from './sweep/train.js'

/** `recurlab sweep PRESET|FILE.ts …` and `recurlab sweep list|status|resume|retry|cancel|logs|report|advance|work`. */
export const group: CommandGroup = {
  commands: {
    list: {
      usage: 'sweep list',
      summary: 'List the planned sweeps.',
      load: async () => (await import('./sweep/list.js')).command,
    },
    status: {
      usage: 'sweep status PLAN',
      summary: 'Show which runs of a sweep are done, running, failed or missing.',
      load: async () => (await import('./sweep/status.js')).command,
    },
    resume: {
      usage: 'sweep resume PLAN [key=value …]',
      summary: 'Train the unfinished runs of a sweep, also beside another machine that does.',
      load: async () => (await import('./sweep/resume.js')).command,
    },
    retry: {
      usage: 'sweep retry PLAN [RUN …]',
      summary: 'Let failed runs go on with the next resume.',
      load: async () => (await import('./sweep/retry.js')).command,
    },
    cancel: {
      usage: 'sweep cancel PLAN',
      summary: 'Save and stop all runs of a sweep, on every machine.',
      load: async () => (await import('./sweep/cancel.js')).command,
    },
    logs: {
      usage: 'sweep logs PLAN [RUN …]',
      summary: 'Print what the tasks of a cluster have written.',
      load: async () => (await import('./sweep/logs.js')).command,
    },
    report: {
      usage: 'sweep report PLAN [to=DIR]',
      summary: 'Write the tables and figures of a sweep.',
      load: async () => (await import('./sweep/report.js')).command,
    },
    advance: {
      usage: 'sweep advance PLAN',
      summary: 'Take the decision of successive halving that is due on a cluster, and submit what goes on.',
      load: async () => (await import('./sweep/advance.js')).command,
    },
    work: {
      usage: 'sweep work PLAN [run=N]',
      summary: 'Train one run of a sweep, as its workers and cluster tasks do.',
      load: async () => (await import('./sweep/work.js')).command,
    },
  },
  otherwise: command,
  help,
  example: 'sweep sudoku-pocket mixer=mlp,attention seed=0..2 trainSteps=200',
}
