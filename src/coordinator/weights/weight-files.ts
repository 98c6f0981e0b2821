import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DingError } from "../../core/errors.ts";
import { newId } from "../../core/id.ts";
import { sha256Of } from "./sha256.ts";
import type { PublishFileWords, WeightPlace } from "./weight-words.ts";

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
const INCOMING = /^incoming-[0-9a-f-]{36}$/;
const PROBE = /^probe-[0-9a-f-]{36}$/;

/** The folder of a policy, below the root of all; what it is called may come over the wire: no slash, and no dot in front. */
export function folderNameOf(policyId: string): string {
  return encodeURIComponent(policyId).replace(/^\./, "%2E");
}

/** A file's bytes, without a copy. */
export async function readBytes(path: string): Promise<Uint8Array> {
  const { buffer, byteOffset, byteLength } = await readFile(path);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** A name for weights that are not published yet. */
export function incomingName(): string {
  return `incoming-${newId()}`;
}

/**
 * Weights in a folder: POLICY/VERSION-SHA256.weights. A file appears whole or not at all. Beside them lies the version
 * up to which numbers are given out, so that those that no file tells of any more are not given out twice.
 */
export class WeightFiles {
  readonly #folder: string;
  readonly #probe = `probe-${newId()}`;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Where they lie, for those who share the disk. */
  get place(): WeightPlace {
    return { root: resolve(this.#folder), probe: this.#probe };
  }

  /** The file of a version, below the root. */
  nameOf(policyId: string, { version, sha256 }: KeptWeights): string {
    return join(folderNameOf(policyId), `${version}-${sha256}.weights`);
  }

  /** Everything that is there, whole; what is broken or half is taken away. */
  async load(): Promise<FoundPolicy[]> {
    await mkdir(this.#folder, { recursive: true });
    const entries = await readdir(this.#folder, { withFileTypes: true });
    for (const { name } of entries) if (PROBE.test(name)) await rm(join(this.#folder, name));
    await writeFile(join(this.#folder, this.#probe), "");
    const policies = entries.filter((entry) => entry.isDirectory());
    return await Promise.all(policies.map(({ name }) => this.#loadPolicy(name)));
  }

  async save(policyId: string, { version, sha256, bytes }: KeptWeights): Promise<void> {
    await this.#write(policyId, `${version}-${sha256}.weights`, bytes);
  }

  /** The bytes of a file that somebody has put there; `usage.invalid-input` where it is not what was said. */
  async readIncoming(
    policyId: string,
    { name, bytes, sha256 }: PublishFileWords,
  ): Promise<Uint8Array> {
    const fault = (why: string): DingError =>
      new DingError("usage.invalid-input", `Cannot publish weights in "${name}": ${why}`);
    if (!INCOMING.test(name)) throw fault("it is no name of such a file");
    const path = join(this.#folderOf(policyId), name);
    const found = await lstat(path).catch(() => undefined);
    if (!found?.isFile() || found.size !== bytes) throw fault("there is no such file");
    const read = await readBytes(path);
    if (sha256Of(read) !== sha256) throw fault("its sha256 is another");
    return read;
  }

  /** What was read of an incoming file is published: it lies in its place now. */
  async adopt(policyId: string, name: string, weights: KeptWeights): Promise<void> {
    const folder = this.#folderOf(policyId);
    await rename(join(folder, name), join(this.#folder, this.nameOf(policyId, weights)));
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

  /** Nobody is told of this folder any more. */
  async close(): Promise<void> {
    await rm(join(this.#folder, this.#probe), { force: true });
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
        if (file.endsWith(".draft") || INCOMING.test(file))
          await rm(join(folder, file), { force: true });
        continue;
      }
      const bytes = await readBytes(join(folder, file));
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
    return join(this.#folder, folderNameOf(policyId));
  }
}
