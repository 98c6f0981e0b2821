import { optionFault } from "./faults.ts";
import type { RowStore } from "./store/row-store.ts";
import { Table } from "./table.ts";
import type { TableSettings } from "./table-options.ts";

/** Empty tables over a store, by name; `usage.invalid-option` where there is no memory for one. */
export function makeTables(
  settings: readonly TableSettings[],
  store: RowStore,
  seed: number,
): ReadonlyMap<string, Table> {
  return new Map(
    settings.map((one, at) => {
      try {
        return [one.name, new Table(one, store, seed + at)];
      } catch (thrown) {
        if (!(thrown instanceof RangeError)) throw thrown;
        throw optionFault(`tables[${at}].maxSize`, `no memory for ${one.maxSize} items`);
      }
    }),
  );
}
