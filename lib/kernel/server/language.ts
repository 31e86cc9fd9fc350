import type { Compiler, Content } from '../protocol.js'
import { toUnits } from './cursor.js'
import { compilerFailed } from './failures.js'

/** Returns the content of the reply to a question about code: an error reply if the compiler fails. */
export async function answerLanguage(
  compiler: Compiler,
  question: 'complete' | 'inspect' | 'isComplete',
  content: Content,
): Promise<Content> {
  const code = String(content.code ?? '')
  const position = content.cursor_pos
  const cursor = typeof position === 'number' ? toUnits(code, position) : code.length
  try {
    switch (question) {
      case 'complete':
        return await compiler.complete({ code, cursor })
      case 'inspect':
        return await compiler.inspect({ code, cursor, detail: content.detail_level === 1 ? 1 : 0 })
      case 'isComplete':
        return await compiler.isComplete({ code })
    }
  } catch (error) {
    return { status: 'error', ...compilerFailed(error) }
  }
}
