import { DingError } from "../../core/errors.ts";
import { msgpack } from "../../protocol/codec.ts";
import type { Models } from "../inference.ts";

/** What may be said about one item. */
export interface LocalOptions {
  /** Without a model the one that the plugin serves. */
  readonly model?: string | undefined;
  readonly version?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a plugin's own routes ask its models with: in this process, through the same queue as all others. */
export class LocalClient {
  readonly #models: Models;
  readonly #model: string;

  constructor(models: Models, model: string) {
    this.#models = models;
    this.#model = model;
  }

  /** The output for an item; rejects with a DingError. */
  async encode(item: unknown, options: LocalOptions = {}): Promise<unknown> {
    const [output] = await this.encodeAll([item], options);
    return output;
  }

  /** The outputs for a list of items, in order; they may run in several batches. */
  async encodeAll(items: readonly unknown[], options: LocalOptions = {}): Promise<unknown[]> {
    if (items.length === 0) return [];
    const { model = this.#model, version, timeoutMs, signal } = options;
    const values = items.map((item) => msgpack.encode(item));
    const { payload } = await this.#models.get(model, version).infer({
      payload: { kind: "values", form: "msgpack", values },
      client: "local",
      timeoutMs,
      signal,
    });
    if (payload.kind === "values") return payload.values.map((value) => msgpack.decode(value));
    throw new DingError("internal.bug", "A model answered values with tensors");
  }
}
