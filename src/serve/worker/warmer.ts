import { DingError, type ErrorRecord } from "../../core/errors.ts";
import { LazyAbort } from "../../core/lazy-abort.ts";
import { msgpack } from "../../protocol/codec.ts";
import { decodeBatchGroups, encodeBatch } from "../batch-frame.ts";
import type { LoadedModel, ModelContext, Warmer } from "../plugin/model-plugin.ts";
import type { Engine } from "./engine.ts";
import { atPlace } from "./item-fault.ts";
import { ItemReader } from "./item-reader.ts";
import { CallContext } from "./model-context.ts";
import { INPUT } from "./sort-groups.ts";

/** Runs items through a model as a client's would run, before there are clients. */
export function warmer(
  engine: Engine | undefined,
  model: LoadedModel,
  context: ModelContext,
): Warmer {
  const call = { abort: new LazyAbort(), parameters: {} };
  return {
    batchSize: Math.min(context.batchSize, model.maxBatchSize ?? Infinity),
    ctx: new CallContext(context, { ...call, shapes: [] }),
    zeros() {
      try {
        return new ItemReader(model.input ?? {}).zeros();
      } catch (thrown) {
        throw atPlace(thrown, INPUT);
      }
    },
    async run(items) {
      const values = items.map((item) => msgpack.encode(item));
      const body = encodeBatch(
        values.map((value) => ({ kind: "values", form: "msgpack", values: [value] })),
      );
      let cause: unknown;
      const onThrown = (thrown: unknown): void => void (cause ??= thrown);
      const ran = await engine?.run(decodeBatchGroups(body), { ...call, onThrown });
      for (const result of ran?.results ?? []) {
        if ("error" in result) throw failureOf(result.error, cause);
      }
    },
  };
}

/** With what the model threw as its cause: that knows its place in the source. */
function failureOf(record: ErrorRecord, cause: unknown): DingError {
  const { code, message, hint, details } = DingError.fromRecord(record);
  return new DingError(code, message, { hint, details, cause });
}
