import type { Cell, CellOutput, Notebook } from '../../lib/notebook/notebook.js'
import { toMarkdown } from '../../lib/results/markdown.js'
import type { Payload } from './payloads.js'

/** A notebook of somebody else, in which every text that a page shows is hostile. */
export function hostileNotebook(payloads: readonly Payload[]): Notebook {
  const widgets: Record<string, unknown> = {}
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: 'recurlab', display_name: payloads[0]!.text, language: 'typescript' },
      language_info: { name: 'typescript', file_extension: '.ts', version: payloads[1]!.text },
      title: payloads[2]!.text,
      authors: payloads.map(({ text }) => ({ name: text })),
      widgets: { 'application/vnd.jupyter.widget-state+json': { state: widgets, version_major: 2, version_minor: 0 } },
    },
    cells: payloads.flatMap(({ text }, i) => {
      widgets[`w${i}`] = {
        model_name: 'TextModel',
        state: { description: text, description_allow_html: true, value: text },
      }
      return cellsOf(text, i)
    }),
  }
}

function cellsOf(text: string, i: number): Cell[] {
  const whole = text.replace(/\p{Cs}/gu, '\ufffd')
  // The schema of notebooks allows neither commas in tags nor lines in names.
  const word = whole.replace(/\s+/g, ' ')
  const markdown = (source: string, more: object = {}): Cell => ({
    cell_type: 'markdown',
    id: `m${i}-${source.length % 997}`,
    metadata: {},
    source,
    ...more,
  })
  const display = (data: CellOutput['data']): CellOutput => ({
    output_type: 'display_data',
    metadata: { [whole]: whole },
    data,
  })
  const outputs: CellOutput[] = [
    display({ 'text/html': whole, 'text/plain': whole }),
    display({ 'text/markdown': whole, 'text/plain': whole }),
    display({ 'text/latex': whole, 'text/plain': whole }),
    display({
      'image/svg+xml': `<svg xmlns="http://www.w3.org/2000/svg"><text>${whole}</text></svg>`,
      'text/plain': whole,
    }),
    display({ 'application/javascript': whole, 'text/plain': whole }),
    display({ 'application/vnd.jupyter.widget-view+json': { model_id: `w${i}` }, 'text/plain': whole }),
    { output_type: 'stream', name: 'stdout', text: whole },
    { output_type: 'stream', name: 'stderr', text: whole },
    { output_type: 'error', ename: whole, evalue: whole, traceback: [whole, `\u001b[31m${whole}`] },
  ] as CellOutput[]
  return [
    markdown(whole),
    markdown(`# ${whole}`),
    markdown(`| a |\n|---|\n| ${whole.replace(/\n/g, ' ')} |\n\n\`${whole}\`\n\n\`\`\`html\n${whole}\n\`\`\``),
    markdown(`![${whole}](attachment:a.png) <img src="attachment:a.png" alt="${whole}">`, {
      attachments: { 'a.png': { 'image/png': whole } },
    }),
    markdown(toMarkdown([{ [whole]: whole, n: 1 }], { caption: whole })),
    {
      cell_type: 'code',
      id: `c${i}`,
      metadata: { tags: [word.replaceAll(',', '')], name: word },
      source: whole,
      execution_count: i,
      outputs,
    },
    { cell_type: 'raw', id: `r${i}`, metadata: { raw_mimetype: 'text/html' }, source: whole } as unknown as Cell,
  ]
}
