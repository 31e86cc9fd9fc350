import { escapeHtml } from '../../escape/html.js'
import { facesOfSvg, fontCss } from '../../plot/drawing/fonts.js'
import { paragraphs, type Section } from './html.js'

/** The head of a report. */
export interface PageHead {
  readonly title: string
  readonly question: string | null
  /** The first verdict; null without one. */
  readonly answer: string | null
}

/** Returns a report as one HTML file, without scripts and with the fonts of its drawings: nothing comes from a network. */
export function pageHtml({ title, question, answer }: PageHead, sections: readonly Section[]): string {
  const contents = sections.map(({ id, title: name }) => `<li><a href="#${id}">${escapeHtml(name)}</a></li>`).join('')
  const body = sections.map(
    ({ id, title: name, html }) => `<section id="${id}">\n<h2>${escapeHtml(name)}</h2>\n${html}\n</section>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>
${STYLE}${fontCss(facesOfSvg(body.join('\n')))}
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${question === null ? '' : `${paragraphs(question, ' class="question"')}\n`}${answer === null ? '' : `<p class="answer">${escapeHtml(answer)}</p>\n`}<nav><ol>${contents}</ol></nav>
${body.join('\n')}
</body>
</html>
`
}

/** Drawings keep a white ground in dark pages; a printed page is always light, on A4, and cuts neither rows, short tables nor figures. */
const STYLE = `:root { --ink: #1a1a1a; --soft: #5a5a5a; --line: #d0d0d0; --page: #ffffff; --link: #0b57a4; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e4e4; --soft: #a8a8a8; --line: #4a4a4a; --page: #16181c; --link: #8ab8f0; }
}
body { font: 15px/1.5 system-ui, "Helvetica Neue", Arial, sans-serif; color: var(--ink); background: var(--page); max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 0.5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 0.6rem; border-bottom: 1px solid var(--line); padding-bottom: 0.2rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 0.4rem; overflow-wrap: anywhere; }
a { color: var(--link); }
nav ol { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; list-style: none; padding: 0; }
.question { font-size: 1.1rem; }
.answer { font-weight: 600; }
.table { overflow-x: auto; margin: 0.8rem 0 0.3rem; }
table { border-collapse: collapse; border-top: 2px solid var(--ink); border-bottom: 2px solid var(--ink); font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: 0.3rem; color: var(--soft); }
th, td { padding: 0.15rem 0.8rem 0.15rem 0; text-align: left; vertical-align: baseline; max-width: 28rem; overflow-wrap: break-word; }
th { border-bottom: 1px solid var(--ink); font-weight: 600; }
tbody + tbody { border-top: 1px solid var(--ink); }
.n { text-align: right; white-space: nowrap; }
.notes, figcaption, .missing { font-size: 0.87rem; color: var(--soft); }
figure { margin: 1rem 0; }
figure svg { display: block; background: #ffffff; max-width: 100%; height: auto; }
code { font: 0.87em ui-monospace, "Liberation Mono", monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 1rem; margin: 0.6rem 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.keys { display: block; columns: 17rem; }
.keys div { display: flex; justify-content: space-between; gap: 1rem; break-inside: avoid; border-bottom: 1px solid var(--line); }
.keys dd { text-align: right; }
@page { size: A4; margin: 18mm 16mm; }
@media print {
  :root { --ink: #000000; --soft: #444444; --line: #bbbbbb; --page: #ffffff; --link: #000000; }
  body { font-size: 9.5pt; max-width: none; margin: 0; padding: 0; }
  nav { display: none; }
  h2, h3, caption { break-after: avoid; }
  tr, figure, .uncut { break-inside: avoid; }
  thead { display: table-header-group; }
  .table { overflow: visible; }
  th, td { padding-right: 0.5rem; }
  a { text-decoration: none; }
}
`
