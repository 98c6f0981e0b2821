import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { TRITON_CLIENT } from "../skips.ts";
import { cacheFolder, findPython, NOT_REACHED } from "./python-ding.ts";
import { runCommand } from "./run-command.ts";

/** How to run Python with the real `tritonclient.http`; or why that cannot be had. */
export type TritonClient = { python: string; env: Record<string, string> } | { skipped: string };

const VERSION = "2.73.0";
const IMPORT = "import tritonclient.http, ml_dtypes";
const INSTALL_TIMEOUT_MS = 240_000;

let made: Promise<TritonClient> | undefined;

/** Makes it once and keeps it between runs; safe to call from several processes at a time. */
export function tritonClient(): Promise<TritonClient> {
  made ??= make();
  return made;
}

async function make(): Promise<TritonClient> {
  const found = await findPython();
  if (!found) return { skipped: "a Python of 3.9 to 3.13 with pip" };
  const { python, version } = found;
  const folder = join(cacheFolder(), `tritonclient-${VERSION}-python-${version}`);
  const problem = existsSync(folder) ? undefined : await install(python, folder);
  if (problem !== undefined) return { skipped: problem };
  const env = { PYTHONPATH: folder, PYTHONNOUSERSITE: "1", PYTHONWARNINGS: "ignore" };
  const check = await runCommand([python, "-c", IMPORT], { env });
  if (check.code !== 0) throw new Error(`Cannot import tritonclient: ${check.stderr}`);
  return { python, env };
}

/** Installs beside the final place and moves there at once, so that nobody sees half of it. */
async function install(python: string, folder: string): Promise<string | undefined> {
  const draft = mkdtempSync(`${folder}-`);
  const flags = ["--quiet", "--disable-pip-version-check", "--target", draft];
  try {
    const { code, stderr } = await runCommand(
      [python, "-m", "pip", "install", ...flags, `tritonclient[http]==${VERSION}`],
      {
        timeoutMs: INSTALL_TIMEOUT_MS,
        env: { PIP_RETRIES: "2", PIP_DEFAULT_TIMEOUT: "20", PIP_ROOT_USER_ACTION: "ignore" },
      },
    );
    if (code !== 0 && NOT_REACHED.test(stderr)) return `${TRITON_CLIENT}, which was not reached`;
    if (code !== 0) throw new Error(`Cannot install tritonclient with pip: ${stderr}`);
    renameSync(draft, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // else another run was faster
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return undefined;
}
