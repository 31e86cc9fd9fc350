import { visible } from './visible.js'

/** Escapes text for XML elements and quoted attributes; unprintable characters, most of which XML forbids, become visible. */
export function escapeXml(text: string): string {
  return visible(text, '\n\r\t').replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

/** Reverts the entities of {@link escapeXml}. */
export function unescapeXml(xml: string): string {
  return xml.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
}
