import { DingError } from "../../core/errors.ts";
import { msgpack } from "../../protocol/codec.ts";
import { asker } from "../asker.ts";
import type { InferRequest, Models, Payload, ServedModel } from "../inference.ts";
import { senderOf } from "../unreadable.ts";

/** What may be said about one item. */
export interface LocalOptions {
  /** Without a model the one that the plugin serves. */
  readonly model?: string | undefined;
  readonly version?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** 1 is served first. */
  readonly priority?: number | undefined;
  /** In place of that of the request that the route answers: an item is given up when whoever asked has gone. */
  readonly signal?: AbortSignal | undefined;
  /** For the plugin of a stream. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * What a plugin's own routes ask its models with: in this process, through the same queue as all others, on behalf of
 * whoever has asked them.
 */
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
    const { payload } = await this.#get(options).infer(requestOf(items, options));
    return outputsIn(payload);
  }

  /** The pieces of a model's answer as they come; leaving the loop cancels the rest. */
  async *stream(
    item: unknown,
    options: LocalOptions = {},
  ): AsyncGenerator<unknown, void, undefined> {
    for await (const piece of this.#get(options).stream(requestOf([item], options))) {
      yield* outputsIn(piece);
    }
  }

  #get({ model = this.#model, version }: LocalOptions): ServedModel {
    return this.#models.get(model, version);
  }
}

function requestOf(items: readonly unknown[], options: LocalOptions): InferRequest {
  const { timeoutMs, priority, parameters } = options;
  const asking = asker.getStore();
  const request = asking?.req.raw;
  const sender = request && senderOf(request.headers, asking.env.info);
  return {
    payload: {
      kind: "values",
      form: "msgpack",
      values: items.map((item) => msgpack.encode(item)),
    },
    client: sender?.client ?? "local",
    traceparent: sender?.traceparent,
    timeoutMs,
    priority,
    signal: options.signal ?? request?.signal,
    parameters,
  };
}

function outputsIn(payload: Payload): unknown[] {
  if (payload.kind === "values") return payload.values.map((value) => msgpack.decode(value));
  throw new DingError("internal.bug", "A model answered values with tensors");
}
