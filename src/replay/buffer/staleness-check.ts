import { inputFault, optionFault } from "../faults.ts";
import type { DequeBuffer } from "./deque-buffer.ts";
import type { Layer, Meta } from "./layer.ts";

/**
 * No item is sampled whose policy is more than `maxStaleness` versions behind; such items go. Push with
 * `meta.policyVersion`, sample with `policyVersion`; an item's distance comes in `meta.staleness`.
 */
export function stalenessCheck<T>({ maxStaleness }: { maxStaleness: number }) {
  if (!(maxStaleness >= 0)) throw optionFault("maxStaleness", `${maxStaleness} is not from 0 on`);
  return (buffer: DequeBuffer<T>): Layer<T> => ({
    push(next, data, meta) {
      versionOf(meta);
      return next(data, meta);
    },
    sample(next, request) {
      const { policyVersion } = request;
      if (policyVersion === undefined) throw inputFault("Cannot sample: policyVersion is missing");
      const stale = buffer
        .items()
        .filter(({ meta }) => policyVersion - versionOf(meta) > maxStaleness);
      buffer.delete(stale.map(({ index }) => index));
      const groups = next(request);
      for (const { meta } of groups.flat()) meta["staleness"] = policyVersion - versionOf(meta);
      return groups;
    },
  });
}

function versionOf(meta: Meta): number {
  const version = meta["policyVersion"];
  if (typeof version === "number" && Number.isFinite(version)) return version;
  throw inputFault("Cannot push: meta.policyVersion is missing");
}
