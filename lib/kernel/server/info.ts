import path from 'node:path'
import { fileOperations as fs } from '../../files/operations.js'
import type { Content } from '../protocol.js'
import { PROTOCOL } from './message.js'

/** Returns the content of `kernel_info_reply`, which does not depend on the compiler. */
export function kernelInfo(root: string): Content {
  const compiler = versionOf(path.join(root, 'node_modules', 'typescript'))
  return {
    status: 'ok',
    protocol_version: PROTOCOL,
    implementation: 'recurlab',
    implementation_version: versionOf(root),
    banner: `TypeScript (Recurlab), TypeScript ${compiler}, Node ${process.version}`,
    debugger: false,
    help_links: [],
    supported_features: [],
    language_info: {
      name: 'typescript',
      version: compiler,
      mimetype: 'text/typescript',
      file_extension: '.ts',
      pygments_lexer: 'typescript',
      nbconvert_exporter: 'script',
      // JupyterLab chooses its highlighting by the name of the mode, the classic notebook by `name` and `typescript`.
      codemirror_mode: { mode: 'typescript', name: 'javascript', typescript: true },
    },
  }
}

function versionOf(folder: string): string {
  const { version } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string }
  return version
}
