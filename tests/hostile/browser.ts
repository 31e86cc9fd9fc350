import path from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { systemChromium } from '../kernel/jupyterlab.js'

/** A document that a browser opens. */
export interface Opened {
  readonly content: string
  readonly type?: 'text/html' | 'image/svg+xml'
  /** Scripts that are the page's own. Default: 0 */
  readonly scripts?: number
}

/** Everything that a browser saw of a document besides its intended content. */
export interface Seen {
  /** Names of the payloads that ran. */
  readonly ran: readonly string[]
  /** Addresses that were asked for. */
  readonly asked: readonly string[]
  /** Active content that is there, even if it has not run. */
  readonly active: readonly string[]
}

/** Where the documents are; everything else is refused and remembered. */
const HERE = 'http://documents.test/'

export const withoutChromium = systemChromium() === null ? 'there is no Chromium (apt-get install chromium)' : false

/** A browser that opens documents without obeying their policy, so that what is escaped is tested, and not the policy alone. */
export class HostileBrowser {
  readonly #browser: Browser
  readonly #context: BrowserContext
  readonly #page: Page
  #served: Opened = { content: '' }
  #asked: string[] = []
  #ran: string[] = []

  private constructor(browser: Browser, context: BrowserContext, page: Page) {
    this.#browser = browser
    this.#context = context
    this.#page = page
  }

  /** @param obeys whether the policy of a document holds. Default: false */
  static async launch({ obeys = false } = {}): Promise<HostileBrowser> {
    const browser = await chromium.launch({
      executablePath: systemChromium()!,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
      timeout: 120_000,
    })
    const context = await browser.newContext({ bypassCSP: !obeys })
    await context.addInitScript({ path: path.join(import.meta.dirname, 'page.mjs') })
    const made = new HostileBrowser(browser, context, await context.newPage())
    context.setDefaultTimeout(60_000)
    await made.#listen()
    return made
  }

  async #listen(): Promise<void> {
    await this.#context.route('**/*', async (route) => {
      const url = route.request().url()
      if (url === HERE) {
        const { content, type = 'text/html' } = this.#served
        await route.fulfill({ body: content, contentType: `${type}; charset=utf-8` })
        return
      }
      if (!/^(data|blob):/.test(url) && url !== `${HERE}favicon.ico`) this.#asked.push(url)
      await route.abort()
    })
    this.#context.on('console', (message) => {
      const name = /^RAN (.*)$/s.exec(message.text())?.[1]
      if (name !== undefined) this.#ran.push(name)
    })
    this.#context.on('dialog', (dialog) => void dialog.dismiss())
  }

  /** The page, for documents that scripts of a test change. */
  get page(): Page {
    return this.#page
  }

  /** Opens a document, waits until it is quiet, and tells what was seen. */
  async open(document: Opened): Promise<Seen> {
    this.#served = document
    await this.#goThere()
    return this.seen(document.scripts ?? 0)
  }

  async #goThere(attempts = 20): Promise<void> {
    this.#asked = []
    this.#ran = []
    try {
      await this.#page.goto(HERE, { waitUntil: 'load' })
    } catch (error) {
      // The last document was about to lead elsewhere.
      if (attempts <= 1 || !/interrupted|ERR_ABORTED/.test(String(error))) throw error
      await this.#page.waitForTimeout(100)
      await this.#goThere(attempts - 1)
    }
  }

  /** Tells what was seen since the last document was opened. @param scripts those of the page itself */
  async seen(scripts: number): Promise<Seen> {
    await this.#page.waitForTimeout(60)
    const active = await this.#page.evaluate(`hostile.activeContent(${scripts})`).catch((error: Error) => {
      if (/context was destroyed/.test(error.message)) return ['the document was left']
      throw error
    })
    return { ran: [...this.#ran], asked: [...this.#asked], active: active as string[] }
  }

  async close(): Promise<void> {
    await this.#browser.close()
  }
}
