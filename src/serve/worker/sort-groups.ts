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

/**
 * Goes through a batch: what does not fit the model's inputs is refused, payload by payload. Gives a promise only
 * where the sink does: a turn for each step would take longer than a small batch.
 */
export function sortGroups(
  groups: readonly Group[],
  reader: ItemReader | undefined,
  sink: GroupSink,
): void | Promise<void> {
  for (let at = 0; at < groups.length; at++) {
    const taking = sortGroup(groups[at] as Group, reader, sink);
    if (taking) return taking.then(() => sortGroups(groups.slice(at + 1), reader, sink));
  }
}

function sortGroup(
  group: Group,
  reader: ItemReader | undefined,
  sink: GroupSink,
): void | Promise<void> {
  if (group.kind === "values") return takeValues(group.payloads, sink);
  if (group.kind === "stacked") return sortTensors(group, reader, sink);
  sink.refuse("tensors", group.kind === "odd" ? oddError(group.payload) : group.error);
}

function takeValues(payloads: readonly Values[], sink: GroupSink): void | Promise<void> {
  for (let at = 0; at < payloads.length; at++) {
    const taking = sink.takeValues(payloads[at] as Values);
    if (taking) return taking.then(() => takeValues(payloads.slice(at + 1), sink));
  }
}

function sortTensors(
  group: Stacked,
  reader: ItemReader | undefined,
  sink: GroupSink,
): void | Promise<void> {
  const faults = reader ? tensorFaults(group.tensors, reader) : [];
  if (faults.length > 0) {
    const error = faultError(faults, INPUT).toJSON();
    for (const _rows of group.rows) sink.refuse("tensors", error);
    return;
  }
  const isOfBytes = group.tensors.some(({ datatype }) => datatype === "BYTES");
  if (!isOfBytes) return sink.takeRows(group.tensors, group.rows);
  return sortEach(partsOf(group) as Tensors[], sink);
}

/** A length that lies must not reach into the bytes of the next payload. */
async function sortEach(parts: readonly Tensors[], sink: GroupSink): Promise<void> {
  for (const part of parts) await sortBytes(part, sink);
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
