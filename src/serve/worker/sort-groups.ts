import type { ErrorRecord } from "../../core/errors.ts";
import type { Stacked } from "../frame-groups.ts";
import { partsOf, type Group } from "../frame-reader.ts";
import type { NamedTensor, Tensors, Values } from "../inference.ts";
import { failureRecord } from "./failure.ts";
import { atPlace, faultError } from "./item-fault.ts";
import type { ItemReader } from "./item-reader.ts";
import { sizeFault, tensorFaults } from "./tensor-check.ts";

/** What a payload came as, and is answered in. */
export type PayloadForm = "tensors" | Values["form"];

/** Who takes payloads, in the order of the batch. */
export interface GroupSink {
  /** Tensors of one or more payloads one behind the other, with the rows of each; they fit the signature and their shapes. Whoever throws refuses them all. */
  takeRows(tensors: readonly NamedTensor[], rows: readonly number[]): void | Promise<void>;
  takeValues(payload: Values): void | Promise<void>;
  /** A payload with a fault. */
  refuse(form: PayloadForm, error: ErrorRecord): void;
}

/** Where faults of clients count. */
export const INPUT = { what: "input", code: "usage.invalid-input" } as const;

/** Goes through a batch: what does not fit the model's inputs is refused, payload by payload. */
export async function sortGroups(
  groups: readonly Group[],
  reader: ItemReader | undefined,
  sink: GroupSink,
): Promise<void> {
  for (const group of groups) {
    if (group.kind === "values")
      for (const payload of group.payloads) await sink.takeValues(payload);
    else if (group.kind === "stacked") await sortTensors(group, reader, sink);
    else if (group.kind === "odd") sink.refuse("tensors", oddError(group.payload));
    else sink.refuse("tensors", group.error);
  }
}

async function sortTensors(
  group: Stacked,
  reader: ItemReader | undefined,
  sink: GroupSink,
): Promise<void> {
  const faults = reader ? tensorFaults(group.tensors, reader) : [];
  if (faults.length > 0) {
    const error = faultError(faults, INPUT).toJSON();
    for (const _rows of group.rows) sink.refuse("tensors", error);
    return;
  }
  const isOfBytes = group.tensors.some(({ datatype }) => datatype === "BYTES");
  if (!isOfBytes) return sink.takeRows(group.tensors, group.rows);
  // A length that lies must not reach into the bytes of the next payload.
  for (const part of partsOf(group) as Tensors[]) await sortBytes(part, sink);
}

async function sortBytes({ rows, tensors }: Tensors, sink: GroupSink): Promise<void> {
  try {
    const faults = tensors.map((tensor) => sizeFault(tensor, rows)).filter((fault) => !!fault);
    if (faults.length > 0) throw faultError(faults, INPUT);
    await sink.takeRows(tensors, [rows]);
  } catch (thrown) {
    sink.refuse("tensors", failureRecord(atPlace(thrown, INPUT)));
  }
}

function oddError({ rows, tensors }: Tensors): ErrorRecord {
  const faults = tensors.map((tensor) => sizeFault(tensor, rows));
  return faultError(
    faults.filter((fault) => !!fault),
    INPUT,
  ).toJSON();
}
