import type { AbortNotice } from "../../src/core/lazy-abort.ts";
import { DingError } from "../../src/core/errors.ts";
import { json, msgpack } from "../../src/protocol/codec.ts";
import type {
  Inference,
  InferRequest,
  ModelFacts,
  Models,
  Payload,
  ServedModel,
  Values,
} from "../../src/serve/inference.ts";

/** What a fake model does with one item. */
export type FakePredict = (item: unknown, request: InferRequest) => unknown;

/** A model of a test. */
export interface FakeModel {
  predict: FakePredict;
  /** The pieces of an answer. */
  stream?: (item: unknown, request: InferRequest) => AsyncIterable<unknown>;
  facts?: Partial<ModelFacts>;
}

/** Models that are functions of the test: no workers, no batches, and each item as it came. */
export class FakeModels implements Models {
  /** Requests that came, in order, without their items. */
  readonly requests: Omit<InferRequest, "payload">[] = [];
  readonly #models: Record<string, FakeModel>;

  constructor(models: Record<string, FakeModel | FakePredict>) {
    this.#models = Object.fromEntries(
      Object.entries(models).map(([name, model]) => [
        name,
        typeof model === "function" ? { predict: model } : model,
      ]),
    );
  }

  list(): ModelFacts[] {
    return Object.keys(this.#models).map((name) => this.#facts(name));
  }

  get(name?: string, version?: string): ServedModel {
    const names = Object.keys(this.#models);
    const found = name ?? (names.length === 1 ? names[0] : undefined);
    const model = found === undefined ? undefined : this.#models[found];
    if (!model || found === undefined || (version !== undefined && version !== "1")) {
      throw new DingError("http.not-found", `Cannot find model "${name ?? ""}"`);
    }
    return {
      facts: this.#facts(found),
      infer: (request) => this.#infer(model, request),
      stream: (request) => this.#stream(model, request),
    };
  }

  async load(): Promise<void> {}

  async unload(): Promise<void> {}

  async #infer({ predict }: FakeModel, request: InferRequest): Promise<Inference> {
    const { payload, ...rest } = request;
    this.requests.push(rest);
    const { form, values } = valuesOf(payload);
    const codec = form === "json" ? json : msgpack;
    const outputs = [];
    for (const value of values) {
      // In a turn of its own: a failure is told no sooner than an answer, as by a worker.
      const asked = Promise.resolve().then(() => predict(codec.decode(value), request));
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as a worker does
      outputs.push(codec.encode(await asked));
    }
    return { payload: { kind: "values", form, values: outputs }, queueMs: 0, computeMs: 0 };
  }

  async *#stream(model: FakeModel, request: InferRequest): AsyncGenerator<Payload> {
    const { payload, ...rest } = request;
    this.requests.push(rest);
    const { form, values } = valuesOf(payload);
    const codec = form === "json" ? json : msgpack;
    const [value = new Uint8Array()] = values;
    if (!model.stream) throw new DingError("usage.invalid-input", "Cannot stream");
    for await (const piece of model.stream(codec.decode(value), request)) {
      yield { kind: "values", form, values: [codec.encode(piece)] };
    }
  }

  #facts(name: string): ModelFacts {
    return {
      name,
      version: "1",
      state: "READY",
      reason: "",
      platform: "ding_plugin",
      batchSize: 8,
      input: undefined,
      output: undefined,
      streams: this.#models[name]?.stream !== undefined,
      ...this.#models[name]?.facts,
    };
  }
}

function valuesOf(payload: Payload): Values {
  if (payload.kind === "values") return payload;
  throw new Error("A fake model takes values");
}

/** Resolves when the signal aborts, with a rejection as a model has it. */
export function untilAborted(signal: AbortNotice | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = (): void => reject(new DingError("task.cancelled", "Cancelled"));
    if (signal?.aborted) return abort();
    signal?.addEventListener("abort", abort, { once: true });
  });
}
