import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, findPython, NOT_REACHED } from "./python-ding.ts";
import { runCommand } from "./run-command.ts";

/** Checks a Compose file or a Kubernetes manifest; or why that cannot be done. */
export type ManifestCheck =
  | { skipped: string }
  | {
      /** Gives the documents as a real YAML parser reads them; rejects with what the schema is against. */
      check: (kind: "compose" | "k8s", file: string) => Promise<unknown[]>;
    };

/** Carries the schemas of Kubernetes' API. */
const PYTHON_PACKAGES = ["kubernetes-validate==1.37.0", "jsonschema==4.23.0", "PyYAML==6.0.2"];
const KUBERNETES_VERSIONS = ["1.37", "1.25"];
/** Carries the schema of the Compose specification. */
const COMPOSE_PACKAGE = "dclint@3.1.0";
const COMPOSE_SCHEMA = "package/schemas/compose.schema.json";
const INSTALL_TIMEOUT_MS = 240_000;

let made: Promise<ManifestCheck> | undefined;

/** Makes it once and keeps it between runs; safe to call from several processes at a time. */
export function manifestCheck(): Promise<ManifestCheck> {
  made ??= make();
  return made;
}

async function make(): Promise<ManifestCheck> {
  const found = await findPython();
  if (!found) return { skipped: "a Python of 3.8 to 3.13 with pip" };
  const { python, version } = found;
  const folder = join(cacheFolder(), `manifests-python-${version}`);
  const problem = existsSync(folder) ? undefined : await install(python, folder);
  if (problem !== undefined) return { skipped: problem };
  const env = { PYTHONPATH: folder, PYTHONNOUSERSITE: "1", PYTHONWARNINGS: "ignore" };
  const script = join(import.meta.dir, "check_manifest.py");
  return {
    async check(kind, file) {
      const rest = kind === "compose" ? [join(folder, COMPOSE_SCHEMA)] : KUBERNETES_VERSIONS;
      const { code, stdout, stderr } = await runCommand([python, script, kind, file, ...rest], {
        env,
      });
      if (code !== 0) throw new Error(`${file} is not as its schema says: ${stderr}`);
      return JSON.parse(stdout) as unknown[];
    },
  };
}

/** Installs beside the final place and moves there at once, so that nobody sees half of it. */
async function install(python: string, folder: string): Promise<string | undefined> {
  const draft = mkdtempSync(`${folder}-`);
  const flags = ["--quiet", "--disable-pip-version-check", "--target", draft];
  const steps: [string, ...string[]][] = [
    [python, "-m", "pip", "install", ...flags, ...PYTHON_PACKAGES],
    ["npm", "pack", "--silent", "--pack-destination", draft, COMPOSE_PACKAGE],
    ["sh", "-c", `cd '${draft}' && tar xzf *.tgz ${COMPOSE_SCHEMA}`],
  ];
  try {
    for (const step of steps) {
      const { code, stderr } = await runCommand(step, {
        timeoutMs: INSTALL_TIMEOUT_MS,
        env: { PIP_RETRIES: "2", PIP_DEFAULT_TIMEOUT: "20", PIP_ROOT_USER_ACTION: "ignore" },
      });
      if (code === 0) continue;
      if (NOT_REACHED.test(stderr)) return "a package registry, for the schemas of manifests";
      throw new Error(`Cannot run \`${step.join(" ")}\`: ${stderr}`);
    }
    renameSync(draft, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // else another run was faster
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return undefined;
}
