import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256Of } from "./sha256.ts";

/** One version as it lies in a file. */
export interface KeptWeights {
  version: number;
  sha256: string;
  bytes: Uint8Array;
}

/** What was found of one policy. */
export interface FoundPolicy {
  policyId: string;
  /** Those that are whole, the oldest first. */
  kept: KeptWeights[];
  /** No version up to here is given out again. */
  ceiling: number;
  /** Files that were not what their names say; they are gone now. */
  broken: number;
}

const NAME = /^(\d+)-([0-9a-f]{64})\.weights$/;
const CEILING = /^ceiling-(\d+)$/;

/**
 * Weights in a folder: POLICY/VERSION-SHA256.weights. A file appears whole or not at all. Beside them lies the version
 * up to which numbers are given out, so that those that no file tells of any more are not given out twice.
 */
export class WeightFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Everything that is there, whole; what is broken or half is taken away. */
  async load(): Promise<FoundPolicy[]> {
    await mkdir(this.#folder, { recursive: true });
    const entries = await readdir(this.#folder, { withFileTypes: true });
    const policies = entries.filter((entry) => entry.isDirectory());
    return await Promise.all(policies.map(({ name }) => this.#loadPolicy(name)));
  }

  async save(policyId: string, { version, sha256, bytes }: KeptWeights): Promise<void> {
    await this.#write(policyId, `${version}-${sha256}.weights`, bytes);
  }

  async remove(policyId: string, { version, sha256 }: KeptWeights): Promise<void> {
    await rm(join(this.#folderOf(policyId), `${version}-${sha256}.weights`), { force: true });
  }

  /** Call, and wait for it, before a version beyond the last ceiling is given out. */
  async raiseCeiling(policyId: string, ceiling: number): Promise<void> {
    const name = `ceiling-${ceiling}`;
    await this.#write(policyId, name, new Uint8Array());
    const others = (await readdir(this.#folderOf(policyId))).filter((file) => CEILING.test(file));
    for (const other of others) {
      if (other !== name) await rm(join(this.#folderOf(policyId), other), { force: true });
    }
  }

  async forget(policyId: string): Promise<void> {
    await rm(this.#folderOf(policyId), { recursive: true, force: true });
  }

  async #write(policyId: string, name: string, bytes: Uint8Array): Promise<void> {
    const folder = this.#folderOf(policyId);
    await mkdir(folder, { recursive: true });
    const draft = join(folder, `${name}.draft`);
    await writeFile(draft, bytes);
    await rename(draft, join(folder, name));
  }

  async #loadPolicy(name: string): Promise<FoundPolicy> {
    const folder = join(this.#folder, name);
    const found: FoundPolicy = {
      policyId: decodeURIComponent(name),
      kept: [],
      ceiling: 0,
      broken: 0,
    };
    for (const file of await readdir(folder)) {
      const ceiling = CEILING.exec(file);
      if (ceiling) found.ceiling = Math.max(found.ceiling, Number(ceiling[1]));
      const named = NAME.exec(file);
      if (!named) {
        if (file.endsWith(".draft")) await rm(join(folder, file), { force: true });
        continue;
      }
      const bytes = new Uint8Array(await readFile(join(folder, file)));
      const [, version, sha256 = ""] = named;
      if (sha256Of(bytes) === sha256) {
        found.kept.push({ version: Number(version), sha256, bytes });
      } else {
        found.broken++;
        await rm(join(folder, file), { force: true });
      }
    }
    found.kept.sort((one, other) => one.version - other.version);
    return found;
  }

  #folderOf(policyId: string): string {
    // What a policy is called may come over the wire: no slash, and no dot in front, gets through.
    return join(this.#folder, encodeURIComponent(policyId).replace(/^\./, "%2E"));
  }
}
