import type { Datatype } from "../../protocol/datatype.ts";
import { ItemFault } from "./item-fault.ts";

/** A value as an element of a datatype; throws ItemFault at `path`. */
type ReadScalar = (value: unknown, path: () => string) => number | bigint;

/** How elements of each datatype are read out of plain values: what cannot be held is refused, not bent. */
export const READ_SCALAR: Readonly<Record<Exclude<Datatype, "BYTES">, ReadScalar>> = {
  BOOL: (value, path) => {
    if (value === true || value === 1) return 1;
    if (value === false || value === 0) return 0;
    throw misfit(value, "BOOL", path);
  },
  UINT8: integer("UINT8", 0, 2 ** 8 - 1),
  UINT16: integer("UINT16", 0, 2 ** 16 - 1),
  UINT32: integer("UINT32", 0, 2 ** 32 - 1),
  UINT64: bigInteger("UINT64", 0n, 2n ** 64n - 1n),
  INT8: integer("INT8", -(2 ** 7), 2 ** 7 - 1),
  INT16: integer("INT16", -(2 ** 15), 2 ** 15 - 1),
  INT32: integer("INT32", -(2 ** 31), 2 ** 31 - 1),
  INT64: bigInteger("INT64", -(2n ** 63n), 2n ** 63n - 1n),
  FP16: float("FP16"),
  BF16: float("BF16"),
  FP32: float("FP32"),
  FP64: float("FP64"),
};

function float(name: Datatype): ReadScalar {
  return (value, path) => {
    if (typeof value === "number") return value;
    if (typeof value === "bigint") return Number(value);
    throw misfit(value, name, path);
  };
}

function integer(name: Datatype, min: number, max: number): ReadScalar {
  return (value, path) => {
    const number = typeof value === "bigint" ? Number(value) : value;
    if (typeof number === "number" && Number.isInteger(number) && number >= min && number <= max) {
      return number;
    }
    throw misfit(value, name, path);
  };
}

/** Also as decimal text: JSON's numbers end where doubles do. */
function bigInteger(name: Datatype, min: bigint, max: bigint): ReadScalar {
  return (value, path) => {
    const isWhole =
      typeof value === "bigint" ||
      (typeof value === "number" && Number.isSafeInteger(value)) ||
      (typeof value === "string" && /^-?\d{1,20}$/.test(value));
    const big = isWhole ? BigInt(value) : undefined;
    if (big !== undefined && big >= min && big <= max) return big;
    if (Number.isInteger(value) && !isWhole) {
      throw new ItemFault(path(), `${told(value)} is a rounded number: give a BigInt, or a text`);
    }
    throw misfit(value, name, path);
  };
}

function misfit(value: unknown, name: Datatype, path: () => string): ItemFault {
  return new ItemFault(path(), `${told(value)} is no ${name}`);
}

const MOST_CHARACTERS = 40;

/** A value in a few words. */
export function told(value: unknown): string {
  if (typeof value === "string") {
    const isLong = value.length > MOST_CHARACTERS;
    return JSON.stringify(isLong ? `${value.slice(0, MOST_CHARACTERS)}…` : value);
  }
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) {
    return value.constructor?.name === "Object" ? "an object" : `a ${value.constructor?.name}`;
  }
  return String(value as number);
}
