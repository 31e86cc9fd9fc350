import type { CommandGroup } from '../command.js'

/** `recurlab cluster doctor`. */
export const group: CommandGroup = {
  commands: {
    doctor: {
      usage: 'cluster doctor [key=value …]',
      summary: 'Run a tiny job that says what a compute node lacks.',
      load: async () => (await import('./cluster/doctor.js')).command,
    },
  },
  help: ['recurlab sweep … --on slurm trains a sweep on a cluster.'],
  example: 'cluster doctor partition=cpu',
}
