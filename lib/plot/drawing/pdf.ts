/** Entries of a PDF's Info dictionary. */
export type PdfInfo = Readonly<Partial<Record<'Title' | 'Subject' | 'Keywords' | 'Creator' | 'Producer', string>>>

/** Points in an inch. */
const POINTS = 72

/** Size of a page in inches. */
interface PageSize {
  readonly width: number
  readonly height: number
}

/**
 * Returns a PDF of one page, as Skia writes it, with an Info dictionary and a page of the given size; its content is scaled
 * to fit. The changes are appended, as the PDF format foresees, and all dates are the same, so that a figure always gives
 * the same file.
 */
export function stampPdf(pdf: Uint8Array, size: PageSize, info: PdfInfo): Buffer {
  const text = withoutTime(Buffer.from(pdf).toString('latin1'))
  const [, previous = ''] = /startxref\s+(\d+)\s+%%EOF\s*$/.exec(text) ?? []
  const trailer = text.slice(text.lastIndexOf('trailer'))
  const count = Number(/\/Size (\d+)/.exec(trailer)?.[1])
  const root = /\/Root (\d+ \d+ R)/.exec(trailer)?.[1]
  const id = /\/ID ?\[[^\]]*\]/.exec(trailer)?.[0] ?? ''
  if (previous === '' || root === undefined || !Number.isInteger(count))
    throw new Error('the browser returned a PDF without a readable trailer')
  const entries = Object.entries(info).map(([key, value]) => `/${key} ${pdfString(value)}`)
  const objects = new Map([[count, `<<${entries.join('\n')}>>`], ...resized(text, size, count + 1)])
  let body = text.endsWith('\n') ? text : `${text}\n`
  const places: [number, number][] = []
  for (const [number, content] of [...objects].sort(([a], [b]) => a - b)) {
    places.push([number, body.length])
    body += `${number} 0 obj\n${content}\nendobj\n`
  }
  const rows = places.map(([number, at]) => `${number} 1\n${String(at).padStart(10, '0')} 00000 n \n`).join('')
  const size_ = Math.max(...objects.keys()) + 1
  return Buffer.from(
    `${body}xref\n${rows}trailer\n<</Size ${size_} /Root ${root} /Info ${count} 0 R /Prev ${previous} ${id}>>\nstartxref\n${body.length}\n%%EOF\n`,
    'latin1',
  )
}

/** Returns the new objects of a page that has another size: the page, and a stream before its content that scales it. */
function resized(text: string, size: PageSize, next: number): [number, string][] {
  const page = /(\d+) 0 obj\s*(<<\/Type \/Page\b(?!s)[\s\S]*?>>)\s*endobj/.exec(text)
  const [, number, content = ''] = page ?? []
  const box = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(content)
  const [, width, height] = (box ?? []).map(Number)
  if (number === undefined || !width || !height) throw new Error('the browser returned a PDF without a readable page')
  const wanted = { width: size.width * POINTS, height: size.height * POINTS }
  const exact = content.replace(
    /\/MediaBox \[[^\]]*\]/,
    `/MediaBox [0 0 ${short(wanted.width)} ${short(wanted.height)}]`,
  )
  // Browsers round the size of a page to parts of a pixel.
  if (Math.abs(width - wanted.width) < 1 && Math.abs(height - wanted.height) < 1) return [[Number(number), exact]]
  const scaling = `${short(wanted.width / width)} 0 0 ${short(wanted.height / height)} 0 0 cm\n`
  return [
    [Number(number), exact.replace(/\/Contents (\d+ 0 R)/, `/Contents [${next} 0 R $1]`)],
    [next, `<</Length ${scaling.length}>>\nstream\n${scaling}endstream`],
  ]
}

/** Fixes the dates; their length stays, since a PDF has byte offsets. */
function withoutTime(text: string): string {
  return text.replace(/\/(CreationDate|ModDate) \(D:\d{14}/g, (_, key: string) => `/${key} (D:20000101000000`)
}

/** Returns a PDF string: ASCII in parentheses, anything else as UTF-16 in hexadecimal digits. */
function pdfString(value: string): string {
  if (/^[\x20-\x7e]*$/.test(value)) return `(${value.replace(/[\\()]/g, '\\$&')})`
  const units = Array.from({ length: value.length }, (_, i) => value.charCodeAt(i).toString(16).padStart(4, '0'))
  return `<feff${units.join('')}>`
}

function short(value: number): string {
  return String(Number(value.toFixed(4)))
}
