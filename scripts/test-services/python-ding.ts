import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DI_ENGINE } from "../skips.ts";
import { installPackages } from "./debian.ts";
import { runCommand } from "./run-command.ts";

/** How to run Python with the real `ding.interaction`; or why that cannot be had. */
export type PythonDing = { python: string; env: Record<string, string> } | { skipped: string };

/** The stack that DI-engine 0.5.3 pins, with versions that run on Python 3.8 to 3.13. */
const PACKAGES = [
  "DI-engine==0.5.3",
  "flask==2.0.3",
  "werkzeug==2.0.3",
  "jinja2==3.1.4",
  "markupsafe==2.1.5",
  "itsdangerous==2.2.0",
  "click==8.1.7",
  "URLObject==2.4.3",
  "requests==2.32.3",
  "urllib3==2.2.3",
  "idna==3.10",
  "certifi==2024.8.30",
  "charset-normalizer==3.4.0",
];

/** Of DI-engine only the interaction module is wanted; the rest would pull torch in, and this decorates enums. */
const STUBS: Record<string, string> = {
  "ding/__init__.py": "",
  "enum_tools/__init__.py":
    "class documentation:\n    document_enum = staticmethod(lambda enum: enum)\n",
};

const PYTHONS = ["python3", ...[13, 12, 11, 10, 9, 8].map((minor) => `python3.${minor}`)];
const PROBE = `import sys, pip; v = sys.version_info; assert (3, 8) <= v[:2] <= (3, 13); print("%d.%d" % v[:2])`;
const IMPORT = "from ding.interaction import Master, Slave, TaskFail";
const INSTALL_TIMEOUT_MS = 240_000;
/** What pip says when it does not get through to its registry. */
export const NOT_REACHED =
  /ConnectionError|Connection (?:to|broken|refused|reset)|NewConnection|timed out|Name or service|ProxyError|SSLError|HTTPError|No matching distribution/i;

let made: Promise<PythonDing> | undefined;

/** Makes it once and keeps it between runs; safe to call from several processes at a time. */
export function pythonDing(): Promise<PythonDing> {
  made ??= make();
  return made;
}

async function make(): Promise<PythonDing> {
  const found = (await findPython()) ?? (await installPython());
  if (!found) return { skipped: "a Python of 3.8 to 3.13 with pip" };
  const { python, version } = found;
  const folder = join(cacheFolder(), `di-engine-0.5.3-python-${version}`);
  const env = { PYTHONPATH: folder, PYTHONNOUSERSITE: "1", PYTHONWARNINGS: "ignore" };
  if (!existsSync(folder)) {
    const problem = await install(python, folder);
    if (problem !== undefined) return { skipped: problem };
  }
  const check = await runCommand([python, "-c", IMPORT], { env });
  if (check.code !== 0) throw new Error(`Cannot import ding.interaction: ${check.stderr}`);
  return { python, env };
}

/** A Python that has pip, if there is one. */
export async function findPython(): Promise<{ python: string; version: string } | undefined> {
  for (const python of PYTHONS) {
    const { code, stdout } = await runCommand([python, "-c", PROBE]);
    if (code === 0) return { python, version: stdout.trim() };
  }
  return undefined;
}

async function installPython(): ReturnType<typeof findPython> {
  await installPackages(["python3", "python3-pip"]);
  return await findPython();
}

/** Installs beside the final place and moves there at once, so that nobody sees half of it. */
async function install(python: string, folder: string): Promise<string | undefined> {
  const draft = mkdtempSync(`${folder}-`);
  try {
    const flags = ["--quiet", "--disable-pip-version-check", "--no-deps", "--use-pep517"];
    const { code, stderr } = await runCommand(
      [python, "-m", "pip", "install", ...flags, "--target", draft, ...PACKAGES],
      { timeoutMs: INSTALL_TIMEOUT_MS, env: { PIP_RETRIES: "2", PIP_DEFAULT_TIMEOUT: "20" } },
    );
    if (code !== 0 && NOT_REACHED.test(stderr)) return `${DI_ENGINE}, which was not reached`;
    if (code !== 0) throw new Error(`Cannot install DI-engine with pip: ${stderr}`);
    for (const [path, text] of Object.entries(STUBS)) {
      mkdirSync(join(draft, path, ".."), { recursive: true });
      writeFileSync(join(draft, path), text);
    }
    renameSync(draft, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // else another run was faster
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return undefined;
}

/** Where what is installed for tests is kept between runs. */
export function cacheFolder(): string {
  const places = [join(import.meta.dir, "../../node_modules/.cache"), tmpdir()];
  for (const place of places) {
    const folder = join(place, "ding-tests");
    try {
      mkdirSync(folder, { recursive: true });
      return folder;
    } catch {
      continue; // read-only
    }
  }
  throw new Error("Cannot make a folder for the tests' services");
}
