import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type Browser, chromium, type Page } from 'playwright-core'
import { root } from '../shared.js'

/** The system's Chromium; null where there is none. */
export function systemChromium(): string | null {
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  const files = folders.flatMap((folder) => names.map((name) => path.join(folder, name)))
  return files.find((file) => existsSync(file)) ?? null
}

/** JupyterLab on a project of its own, whose `lib` may be edited, and a page of a real browser. */
export interface Lab {
  /** The project: `lib`, `notebooks/tour.ipynb`. */
  readonly folder: string
  readonly page: Page
  /** Keeps a picture of the page under `results/screenshots`. */
  screenshot(name: string): Promise<void>
  close(): Promise<void>
}

/** Where the pictures stay after the tests. */
export const screenshots = path.join(root, 'results', 'screenshots')

/** Starts JupyterLab the way `npm run lab` does, and opens a notebook with these cells. */
export async function openLab(cells: readonly string[]): Promise<Lab> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-lab-'))
  cpSync(path.join(root, 'lib'), path.join(folder, 'lib'), { recursive: true })
  for (const name of ['package.json', 'tsconfig.json']) cpSync(path.join(root, name), path.join(folder, name))
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  mkdirSync(path.join(folder, 'notebooks'))
  writeFileSync(path.join(folder, 'notebooks', 'tour.ipynb'), JSON.stringify(notebook(cells)))
  mkdirSync(screenshots, { recursive: true })

  const port = await freePort()
  const server = spawn(
    process.execPath,
    [
      path.join(root, 'lib', 'setup', 'main.mjs'),
      'lab',
      '--no-browser',
      '--allow-root',
      `--port=${port}`,
      '--ServerApp.port_retries=0',
      `--ServerApp.root_dir=${folder}`,
      '--IdentityProvider.token=tests',
      '--LabApp.expose_app_in_browser=True',
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let said = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (data) => (said += String(data)))
  let browser: Browser | null = null
  const close = async (): Promise<void> => {
    await browser?.close()
    await end(server)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await answering(`http://127.0.0.1:${port}/api?token=tests`, server, () => said)
    browser = await chromium.launch({
      executablePath: systemChromium()!,
      args: ['--headless', '--no-sandbox', '--disable-gpu'],
      timeout: 240_000,
    })
    const page = await browser.newPage({ viewport: { width: 1100, height: 1000 } })
    page.setDefaultTimeout(240_000)
    await page.goto(`http://127.0.0.1:${port}/lab/tree/notebooks/tour.ipynb?token=tests`)
    await page.locator('.jp-NotebookPanel-toolbar').waitFor({ timeout: 240_000 })
    // The page shows "Idle" before the kernel is connected, and a cell that is run by then is not run at all.
    await page.waitForFunction(kernelIsConnected, undefined, { timeout: 240_000 })
    const screenshot = async (name: string): Promise<void> => {
      await page.screenshot({ path: path.join(screenshots, `${name}.png`) })
    }
    return { folder, page, screenshot, close }
  } catch (error) {
    await close()
    throw new Error(`JupyterLab did not open the notebook. It said:\n${said.slice(-2000)}`, { cause: error })
  }
}

/** Whether the open notebook's kernel can be used. Runs in the page. */
export function kernelIsConnected(): boolean {
  interface Kernel {
    connectionStatus: string
    status: string
  }
  interface App {
    shell: { currentWidget: { sessionContext?: { session?: { kernel?: Kernel | null } | null } } | null }
  }
  const app = (globalThis as unknown as { jupyterapp?: App }).jupyterapp
  const kernel = app?.shell.currentWidget?.sessionContext?.session?.kernel
  return kernel?.connectionStatus === 'connected' && kernel.status === 'idle'
}

function notebook(cells: readonly string[]): unknown {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: 'recurlab', display_name: 'TypeScript (Recurlab)', language: 'typescript' } },
    cells: cells.map((source, i) => ({
      cell_type: 'code',
      id: `cell-${i + 1}`,
      execution_count: null,
      metadata: {},
      outputs: [],
      source,
    })),
  }
}

/** A cell of the open notebook, from 1. */
export function cellOf(page: Page, number: number): ReturnType<Page['locator']> {
  return page.locator('.jp-Notebook .jp-CodeCell').nth(number - 1)
}

/**
 * Runs one cell with the keyboard; its outputs are awaited by whoever looks at them. A key that the page lost (the
 * editor was not ready) is pressed again: the cell's prompt tells.
 */
export async function runCell(page: Page, number: number): Promise<void> {
  const prompt = cellOf(page, number).locator('.jp-InputPrompt')
  const before = await prompt.textContent()
  for (let tries = 0; tries < 6; tries++) {
    await cellOf(page, number).locator('.cm-content').click()
    await page.keyboard.press('Control+Enter')
    for (let i = 0; i < 50; i++) {
      if ((await prompt.textContent()) !== before) return
      await setTimeout(200)
    }
  }
  throw new Error(`cell ${number} was not run: its prompt still shows ${before}`)
}

/** The text of a cell's outputs, once it matches. */
export async function outputOf(page: Page, number: number, expected: RegExp): Promise<string> {
  const output = cellOf(page, number).locator('.jp-OutputArea-output')
  try {
    await output.filter({ hasText: expected }).first().waitFor({ timeout: 240_000 })
  } catch (error) {
    const shown = (await output.allInnerTexts()).join('\n')
    throw new Error(`cell ${number} did not show ${expected}. It shows:\n${shown}`, { cause: error })
  }
  return (await output.allInnerTexts()).join('\n')
}

async function answering(url: string, server: ChildProcess, said: () => string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (server.exitCode !== null) throw new Error(`jupyter-lab ended:\n${said()}`)
    const answer = await fetch(url).catch(() => null)
    if (answer?.ok) return
    await setTimeout(200)
  }
  throw new Error('jupyter-lab does not answer')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const late = AbortSignal.timeout(10_000)
  await once(child, 'exit', { signal: late }).catch(() => child.kill('SIGKILL'))
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
