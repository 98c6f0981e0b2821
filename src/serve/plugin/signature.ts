import { isRecord } from "../../core/is-record.ts";
import { DATATYPES, isDatatype, type Signature, type TensorSpec } from "../../protocol/datatype.ts";

/** Why this is no signature, as words; undefined when it is one. */
export function signatureFault(value: unknown): string | undefined {
  if (!isRecord(value)) return "it is no object of tensors by name";
  const names = Object.keys(value);
  if (names.length === 0) return "it names no tensor";
  for (const name of names) {
    const fault = specFault(value[name]);
    if (fault) return `"${name}": ${fault}`;
  }
  return undefined;
}

/** The most items that a batch of these tensors can have; undefined when their first axis is free. */
export function fixedBatch(signature: Signature | undefined): number | undefined {
  const sizes = Object.values(signature ?? {}).map(({ shape }) => shape[0] ?? -1);
  const fixed = sizes.filter((size) => size >= 0);
  return fixed.length > 0 ? Math.min(...fixed) : undefined;
}

/** The same with the first axis free: how many items a batch has is said elsewhere. */
export function withFreeBatch(signature: Signature): Signature {
  const entries = Object.entries(signature).map(([name, spec]): [string, TensorSpec] => [
    name,
    { ...spec, shape: [-1, ...spec.shape.slice(1)] },
  ]);
  return Object.fromEntries(entries);
}

function specFault(spec: unknown): string | undefined {
  if (!isRecord(spec)) return "it is no { datatype, shape }";
  const { datatype, shape, as } = spec;
  if (!isDatatype(datatype)) {
    return `datatype must be one of ${Object.keys(DATATYPES).join(", ")}: got "${String(datatype)}"`;
  }
  if (!Array.isArray(shape) || shape.length === 0) {
    return "shape must be a list whose first axis is the batch, such as [-1, 3]";
  }
  const wrong = shape.find((size) => !Number.isSafeInteger(size) || size < -1);
  if (wrong !== undefined)
    return `shape must be of whole numbers, -1 for any: got ${String(wrong)}`;
  if (shape[0] === 0) return "the first axis is the batch: it cannot be 0";
  if (as !== undefined && (as !== "text" || datatype !== "BYTES")) {
    return `"as" can only be "text", and only of BYTES`;
  }
  return undefined;
}
