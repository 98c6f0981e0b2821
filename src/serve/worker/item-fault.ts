import { DingError, type Code } from "../../core/errors.ts";
import { checkBySchema, type StandardSchema } from "../../plugin/schema.ts";

/** Something at a place in an item that does not fit; it becomes a DingError at the edge. */
export class ItemFault extends Error {
  /** Such as "x.3"; empty for the item itself. */
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

/** What is wrong with, and where it counts. */
export interface FaultPlace {
  /** "input" or "output" */
  what: string;
  code: Code;
  /** Which item of its request it is, where a request has several. */
  item?: number | undefined;
}

/** The error that a client hears of faults, with their paths. */
export function faultError(
  faults: readonly { path: string; message: string }[],
  { what, code, item }: FaultPlace,
): DingError {
  const told = faults.map(({ path, message }) => (path ? `"${path}": ${message}` : message));
  return new DingError(code, `Cannot use ${what}: ${told.join("; ")}`, {
    details: {
      faults: faults.map(({ path, message }) => ({ path, message })),
      ...(item === undefined ? {} : { item }),
    },
  });
}

/** Any thrown value as an error of this place, if a fault is what it is; else it stays what it is. */
export function atPlace(thrown: unknown, place: FaultPlace): unknown {
  return thrown instanceof ItemFault ? faultError([thrown], place) : thrown;
}

/** What a schema makes of an item; rejects with the error of its faults. */
export async function checkedBy(
  schema: StandardSchema | undefined,
  item: unknown,
  place: FaultPlace,
): Promise<unknown> {
  if (!schema) return item;
  const checked = await checkBySchema(schema, item);
  if ("faults" in checked) throw faultError(checked.faults, place);
  return checked.value;
}
