import type { Download, HubDownload, WheelDownload } from '../../tasks/downloads.js'
import { allTasks } from '../../tasks/registry.js'
import type { HubFiles } from './hub.js'

/** A published data set that can be downloaded, with its name on the command line. */
export type Source = (HubDownload | WheelDownload) & { readonly name: string; readonly task: string }
export type HubSource = Extract<Source, { kind: 'hub' }>
export type WheelSource = Extract<Source, { kind: 'wheel' }>

/** Returns the published data sets that can be downloaded, task by task. */
export function sources(): Source[] {
  return allTasks().flatMap(({ name: task, downloads = {} }) =>
    Object.entries(downloads).map(([name, download]: [string, Download]) => ({ ...download, name, task })),
  )
}

/** Returns the command that builds the data set of the paper presets from the files in `dir`. */
export function buildCommand({ task, build }: Source, dir: string): string {
  return `recurlab data build ${task} ${build(dir)}`
}

/** Describes which files to place where by hand, and the command that reads them. */
export function byHand(source: Source, dir: string): string {
  const what =
    source.kind === 'hub'
      ? `${source.files.join(' and ')} of the Hugging Face data set ${source.repository}`
      : source.elsewhere
  return `By hand: put ${what} into ${dir}, then: ${buildCommand(source, dir)}`
}

/** Returns the files of a data set on the hub. */
export function hubFiles(source: HubSource): HubFiles {
  const { title, repository, files } = source
  return { title, type: 'dataset', repository, revision: 'main', files, byHand: (dir) => byHand(source, dir) }
}
