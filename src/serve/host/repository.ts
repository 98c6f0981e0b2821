import { DingError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { didYouMean } from "../../config/suggest.ts";
import type { ModelFacts, Models } from "../inference.ts";
import type { ModelVersion } from "./model-version.ts";
import { serverStoppingError } from "./refusals.ts";
import { compareVersions } from "../version-order.ts";
import { sourcesIn, type ModelSource } from "./source.ts";

/** What a repository needs. */
export interface RepositoryOptions {
  /** Models that were named one by one. */
  readonly sources: readonly ModelSource[];
  /** A folder with more; looked into again at each load. */
  readonly folder: string | undefined;
  readonly log: Logger;
  readonly create: (source: ModelSource) => ModelVersion;
  /** The folder has been looked into: models may have come. */
  readonly onLooked?: () => void;
  /** A model has been loaded, or loaded again, after the start. */
  readonly onLoaded?: () => Promise<void>;
}

/** The models of a server by name and version. */
export class Repository implements Models, AsyncDisposable {
  readonly #options: RepositoryOptions;
  readonly #models = new Map<string, Map<string, ModelVersion>>();
  /** Those of the folder. */
  readonly #found = new Set<ModelVersion>();
  /** Those that are in the folder no more, while other versions of them are. */
  #gone = new Set<ModelVersion>();
  /** Told once, not at every look. */
  #trouble = "";

  constructor(options: RepositoryOptions) {
    this.#options = options;
    for (const source of options.sources) this.#add(source);
    if (options.folder !== undefined)
      for (const source of sourcesIn(options.folder)) this.#found.add(this.#add(source));
  }

  /** Loads every model; rejects with the first that cannot be loaded. */
  async start(): Promise<void> {
    await Promise.all(this.all().map((model) => model.load()));
  }

  all(): ModelVersion[] {
    return [...this.#models.values()].flatMap((versions) => [...versions.values()]);
  }

  list(): ModelFacts[] {
    this.#look();
    return this.all().map((model) => model.facts);
  }

  /** Also by NAME@VERSION, as the command line has it. */
  get(name?: string, version?: string): ModelVersion {
    const [plain, ofName] = name?.split("@") ?? [];
    if (ofName !== undefined && version === undefined) return this.get(plain, ofName);
    const versions = name === undefined ? this.#only() : this.#models.get(name);
    if (!versions) throw this.#unknown(name ?? "");
    const found = version === undefined ? latestOf(versions) : versions.get(version);
    if (found) return found;
    const [only] = this.#models.keys();
    const model = name ?? only;
    throw new DingError("http.not-found", `Cannot find version "${version}" of model "${model}"`, {
      hint: `There ${versions.size === 1 ? "is" : "are"} ${[...versions.keys()].join(", ")}.`,
    });
  }

  async load(name: string, { version }: { version?: string | undefined } = {}): Promise<void> {
    this.#look();
    const versions = this.#models.get(name);
    if (!versions) throw this.#unknown(name);
    const models = version === undefined ? [...versions.values()] : [this.get(name, version)];
    await Promise.all(this.#there(models).map((model) => this.#reload(model)));
    if (version === undefined) await this.#drop(models);
  }

  async unload(name: string, { version }: { version?: string | undefined } = {}): Promise<void> {
    const versions = this.#models.get(name);
    if (!versions) throw this.#unknown(name);
    const models = version === undefined ? [...versions.values()] : [this.get(name, version)];
    await Promise.all(models.map((model) => model.unload()));
    for (const { label } of models) this.#options.log.info(`model "${label}" is unloaded`);
  }

  /** Loads again all that is served now, each on its own; the old one stays where the new one cannot be loaded. */
  async reload(): Promise<PromiseSettledResult<void>[]> {
    this.#look();
    const models = this.all().filter((model) => !model.isUnloaded);
    const loaded = this.#there(models).map((model) => this.#reload(model));
    const ends = await Promise.allSettled(loaded);
    await this.#drop(this.all());
    return ends;
  }

  /** Loads again the models that come from this file; not those that somebody unloaded. */
  async reloadFile(file: string): Promise<void> {
    const models = this.all().filter((one) => one.source.plugin === file && !one.isUnloaded);
    await Promise.allSettled(models.map((model) => this.#reload(model)));
  }

  /** Finishes what is here, until the deadline. */
  async drain(deadline: AbortSignal): Promise<void> {
    const leaving = serverStoppingError();
    await Promise.all(this.all().map((model) => model.unload({ deadline, leaving })));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all().map((model) => model[Symbol.asyncDispose]()));
  }

  async #reload(model: ModelVersion): Promise<void> {
    try {
      await model.load();
      await this.#options.onLoaded?.();
    } catch (thrown) {
      const { code, message, details } = DingError.from(thrown);
      // It was unloaded meanwhile: who did that knows.
      if (code === "service.stopping") throw thrown;
      const what = model.state === "READY" ? "stays as it was" : "cannot be loaded";
      this.#options.log.error(`model "${model.label}" ${what}: ${message}`, details);
      throw thrown;
    }
  }

  /** What was put into the folder since the last look; it is not loaded by that. A folder that is away for a moment changes nothing. */
  #look(): void {
    const { folder, log } = this.#options;
    if (folder === undefined) return;
    try {
      const sources = sourcesIn(folder);
      for (const source of sources) {
        const known = this.#models.get(source.name)?.get(source.version);
        if (!known) this.#found.add(this.#add(source));
        else if (this.#found.has(known)) known.source = source;
      }
      this.#gone = new Set(
        [...this.#found].filter(({ source: { name, version } }) => {
          const others = sources.filter((source) => source.name === name);
          return others.length > 0 && !others.some((source) => source.version === version);
        }),
      );
      this.#options.onLooked?.();
      this.#trouble = "";
    } catch (thrown) {
      const trouble = messageOf(thrown);
      if (trouble !== this.#trouble) log.warn(`the repository is left as it is known: ${trouble}`);
      this.#trouble = trouble;
    }
  }

  #there(models: readonly ModelVersion[]): ModelVersion[] {
    return models.filter((model) => !this.#gone.has(model));
  }

  /** A version whose file was taken away goes when the others have been loaded: it finishes what it has. */
  async #drop(models: readonly ModelVersion[]): Promise<void> {
    const gone = models.filter((model) => this.#gone.has(model));
    await Promise.all(
      gone.map(async (model) => {
        await model.unload();
        if (!this.#gone.has(model)) return;
        this.#found.delete(model);
        this.#models.get(model.source.name)?.delete(model.source.version);
        this.#options.log.info(`model "${model.label}" is unloaded: its file is gone`);
      }),
    );
  }

  #add(source: ModelSource): ModelVersion {
    const versions = this.#models.get(source.name) ?? new Map<string, ModelVersion>();
    if (versions.has(source.version)) {
      const message = `Cannot serve two models as "${source.name}@${source.version}"`;
      throw new DingError("usage.invalid-option", message, {
        hint: "Give one of them another name or version: --plugin other=./b.ts, --plugin name@2=./b.ts",
      });
    }
    const model = this.#options.create(source);
    const all = [...versions, [source.version, model] as const];
    all.sort(([a], [b]) => compareVersions(a, b));
    this.#models.set(source.name, new Map(all));
    return model;
  }

  #only(): Map<string, ModelVersion> {
    const [versions] = this.#models.values();
    if (versions && this.#models.size === 1) return versions;
    const names = [...this.#models.keys()].map((name) => `"${name}"`).join(", ");
    throw new DingError("usage.invalid-input", "Cannot tell which model is meant", {
      hint: `Name one of ${names}: /models/NAME/predict, /encode_json?model=NAME, or the client's option "model".`,
    });
  }

  #unknown(name: string): DingError {
    const known = [...this.#models.keys()];
    return new DingError("http.not-found", `Cannot find model "${name}"`, {
      hint:
        didYouMean(name, known) ??
        `There ${known.length === 1 ? "is" : "are"} ${known.join(", ")}.`,
    });
  }
}

/** The greatest version that serves; if none does, the greatest. */
function latestOf(versions: Map<string, ModelVersion>): ModelVersion | undefined {
  let latest: ModelVersion | undefined;
  for (const model of versions.values()) {
    if (!latest || isBetter(model, latest)) latest = model;
  }
  return latest;
}

function isBetter(a: ModelVersion, b: ModelVersion): boolean {
  if ((a.state === "READY") !== (b.state === "READY")) return a.state === "READY";
  return compareVersions(a.source.version, b.source.version) > 0;
}
