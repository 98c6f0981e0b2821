import { describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { DingError } from "../../../../src/core/errors.ts";
import type { Datatype } from "../../../../src/protocol/datatype.ts";
import { sizeOf } from "../../../../src/protocol/tensor.ts";
import type { NamedTensor, Tensors } from "../../../../src/serve/inference.ts";
import { bytesFault } from "../../../../src/serve/oip/given-tensors.ts";
import { readGenerateRequest } from "../../../../src/serve/oip/generate-request.ts";
import { readInferRequest } from "../../../../src/serve/oip/infer-request.ts";
import { readRawRequest } from "../../../../src/serve/oip/raw-request.ts";
import { Chance } from "../../../support/chance.ts";
import { anyValue, jsonBytes, mixed, oneTensor } from "./sample-faces.ts";

const SEED = 20_261_121;
const ROUNDS = 4_000;

/** Numbers that have broken readers before. */
const ODD = [
  -1,
  0,
  1,
  2,
  255,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 63,
  1e300,
  -0.5,
  "",
  "x",
  null,
  true,
  [],
  {},
];

interface Case {
  json: Uint8Array;
  binary: Uint8Array;
}

function sample(chance: Chance): Case {
  const texts = Uint8Array.of(1, 0, 0, 0, 97, 3, 0, 0, 0, 98, 99, 100);
  const words = new Uint8Array(24);
  const inputs = [
    {
      name: "x",
      datatype: "FP32",
      shape: [2, 2],
      data: [
        [1, 2],
        [3, 4],
      ],
    },
    { name: "y", datatype: "BYTES", shape: [2], parameters: { binary_data_size: texts.length } },
    { name: "w", datatype: "INT16", shape: [2, 2, 3], parameters: { binary_data_size: 24 } },
    { name: "z", datatype: "INT64", shape: [], data: ["beyond 2^53"] },
  ];
  const document = { id: "1", parameters: { priority: 1 }, inputs, outputs: [{ name: "x" }] };
  if (chance.next() < 0.5) mutateValue(document, chance);
  const text = JSON.stringify(document).replace('"beyond 2^53"', "9007199254740993");
  return { json: jsonBytes(text), binary: Buffer.concat([texts, words]) };
}

/** Puts something odd at a place that is picked anywhere inside. */
function mutateValue(value: object, chance: Chance): void {
  const keys = Object.keys(value);
  if (keys.length === 0) return;
  const key = chance.pick(keys);
  const members = value as Record<string, unknown>;
  const inner = members[key];
  if (typeof inner === "object" && inner !== null && chance.next() < 0.8) {
    mutateValue(inner, chance);
  } else if (chance.next() < 0.2) delete members[key];
  else members[key] = chance.pick(ODD);
}

function mutateBytes(bytes: Uint8Array, chance: Chance): Uint8Array {
  const copy = Uint8Array.from(bytes);
  switch (chance.integer(0, 3)) {
    case 0:
      return copy.subarray(0, chance.integer(0, copy.length));
    case 1:
      return Buffer.concat([copy, Uint8Array.of(chance.integer(0, 255))]);
    case 2:
      if (copy.length > 0) copy[chance.integer(0, copy.length - 1)] = chance.integer(0, 255);
      return copy;
    default:
      return copy;
  }
}

/** Undefined when it was refused as it should be. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof DingError && thrown.code === "usage.invalid-input") return undefined;
    throw thrown;
  }
}

describe("readInferRequest()", () => {
  test(`takes or refuses whatever comes, and makes no more of it than came (seed ${SEED})`, () => {
    const chance = new Chance(SEED);
    let taken = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const { json, binary } = sample(chance);
      const body = { json: mutateBytes(json, chance), binary: mutateBytes(binary, chance) };
      const request = attempt(() => readInferRequest(body, mixed));
      if (!request) continue;
      taken += 1;
      const { rows, tensors } = request.payload as Tensors;
      expect(rows).toBe(2);
      const bytes = tensors.reduce((sum, { data }) => sum + data.length, 0);
      expect(bytes).toBeLessThan(8 * (json.length + binary.length));
    }
    expect(taken).toBeGreaterThan(ROUNDS / 20);
    expect(taken).toBeLessThan(ROUNDS);
  });

  test(`takes or refuses any elements of any datatype, and has as many as their shape says (seed ${SEED})`, () => {
    const chance = new Chance(SEED);
    let taken = 0;
    const types: Datatype[] = [
      "BOOL",
      "UINT8",
      "INT32",
      "INT64",
      "UINT64",
      "BF16",
      "FP16",
      "BYTES",
    ];
    for (let round = 0; round < ROUNDS; round++) {
      const datatype = chance.pick(types);
      const data = Array.from({ length: chance.integer(0, 3) }, () => chance.pick(ODD));
      const told = { name: "x", datatype, shape: [1, chance.pick([2, data.length])], data };
      const body = { json: jsonBytes({ inputs: [told] }), binary: new Uint8Array() };
      const request = attempt(() => readInferRequest(body, oneTensor(datatype, [-1, -1])));
      if (!request) continue;
      taken += 1;
      const [tensor] = (request.payload as Tensors).tensors as [NamedTensor];
      expect(bytesFault(tensor.data, tensor, sizeOf(tensor.shape))).toBeUndefined();
    }
    expect(taken).toBeGreaterThan(ROUNDS / 20);
    expect(taken).toBeLessThan(ROUNDS);
  });
});

describe("readGenerateRequest(), readRawRequest()", () => {
  test(`take or refuse whatever comes, each of them some of it (seed ${SEED})`, () => {
    const chance = new Chance(SEED);
    const taken = { generate: 0, raw: 0 };
    const faces = [mixed, anyValue, oneTensor("BYTES", [-1]), oneTensor("FP32", [-1, -1, 2])];
    for (let round = 0; round < ROUNDS; round++) {
      const document = { id: "1", x: [[1, 2]], y: "a", w: [[1, 2, 3]], z: 1, parameters: { a: 1 } };
      mutateValue(document, chance);
      const bytes = mutateBytes(jsonBytes(document), chance);
      const face = chance.pick(faces);
      if (attempt(() => readGenerateRequest(bytes, face))) taken.generate += 1;
      if (attempt(() => readRawRequest(bytes, face))) taken.raw += 1;
    }
    for (const count of Object.values(taken)) {
      expect(count).toBeGreaterThan(ROUNDS / 20);
      expect(count).toBeLessThan(ROUNDS);
    }
  });
});
