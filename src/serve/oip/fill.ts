import type { Datatype } from "../../protocol/datatype.ts";
import type { TensorData } from "../../protocol/tensor.ts";

/** Puts the values of a list behind each other from `at` on; gives the index of the first that is none, or -1. */
export type Fill = (list: readonly unknown[], at: number) => number;

/** A number has come that JavaScript rounds: the text must be read again, exactly. */
export class InexactNumber extends Error {}

/** What fills these elements with values from JSON. A BigInt stands for a whole number that is no safe integer. */
export function fillOf(elements: TensorData, datatype: Exclude<Datatype, "BYTES">): Fill {
  switch (datatype) {
    case "BOOL":
      return fillBooleans(elements as Uint8Array);
    case "FP16":
    case "FP32":
    case "FP64":
      return fillFloats(elements as Float32Array);
    case "BF16":
      return fillBrainFloats(elements as Uint16Array);
    case "INT64":
      return fillLong(elements, -(2n ** 63n), 2n ** 63n - 1n);
    case "UINT64":
      return fillLong(elements, 0n, 2n ** 64n - 1n);
    case "INT8":
    case "INT16":
    case "INT32":
    case "UINT8":
    case "UINT16":
    case "UINT32": {
      const [least, most] = RANGES[datatype];
      return fillIntegers(elements as Int32Array, least, most);
    }
  }
}

const RANGES = {
  INT8: [-128, 127],
  UINT8: [0, 255],
  INT16: [-32_768, 32_767],
  UINT16: [0, 65_535],
  INT32: [-2_147_483_648, 2_147_483_647],
  UINT32: [0, 4_294_967_295],
} as const;

function fillFloats(elements: Float32Array): Fill {
  return (list, at) => {
    for (let index = 0; index < list.length; index++) {
      const value = list[index];
      if (typeof value === "number") elements[at + index] = value;
      else if (typeof value === "bigint") elements[at + index] = Number(value);
      else return index;
    }
    return -1;
  };
}

function fillIntegers(elements: Int32Array, least: number, most: number): Fill {
  return (list, at) => {
    for (let index = 0; index < list.length; index++) {
      const value = list[index];
      if (typeof value !== "number" || !(value >= least && value <= most)) return index;
      if (value !== Math.trunc(value)) return index;
      elements[at + index] = value;
    }
    return -1;
  };
}

function fillBooleans(elements: Uint8Array): Fill {
  return (list, at) => {
    for (let index = 0; index < list.length; index++) {
      const value = list[index];
      if (typeof value !== "boolean") return index;
      elements[at + index] = value ? 1 : 0;
    }
    return -1;
  };
}

const WORD = 2 ** 32;

/** Halves are written, as a BigInt for each number would cost more than all else. */
function fillLong(elements: TensorData, least: bigint, most: bigint): Fill {
  const halves = new Uint32Array(elements.buffer);
  return (list, at) => {
    for (let index = 0; index < list.length; index++) {
      const value = list[index];
      const low = (at + index) * 2;
      if (typeof value === "number") {
        if (!Number.isInteger(value) || (value < 0 && least === 0n)) return index;
        if (!Number.isSafeInteger(value)) throw new InexactNumber();
        halves[low] = value % WORD;
        halves[low + 1] = Math.floor(value / WORD);
      } else {
        if (typeof value !== "bigint" || value < least || value > most) return index;
        const bits = BigInt.asUintN(64, value);
        halves[low] = Number(bits & 0xffff_ffffn);
        halves[low + 1] = Number(bits >> 32n);
      }
    }
    return -1;
  };
}

/** The nearest bfloat16, the even one of two that are as near. */
function fillBrainFloats(elements: Uint16Array): Fill {
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  return (list, at) => {
    for (let index = 0; index < list.length; index++) {
      const value = list[index];
      if (typeof value !== "number" && typeof value !== "bigint") return index;
      float[0] = Number(value);
      const word = bits[0] as number;
      elements[at + index] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
    }
    return -1;
  };
}
