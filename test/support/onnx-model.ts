/** What a tensor of a made-up model is; a dimension is a size, a name, or "" for any size without a name. */
export interface OnnxValue {
  name: string;
  type: keyof typeof ELEMENT_TYPES;
  shape: (number | string)[];
  /** A list of such tensors instead of one. */
  isSequence?: boolean;
}

/** One operator: `op` is ONNX's name of it, attributes are whole numbers (a list is a list). */
export interface OnnxNode {
  op: string;
  inputs: string[];
  outputs: string[];
  attributes?: Record<string, number | number[]>;
}

/** A constant: row-major, little-endian. */
export interface OnnxConstant extends OnnxValue {
  shape: number[];
  data: ArrayBufferView;
  /** The file beside the model that holds the data instead, from its start. */
  file?: string;
}

/** A small model for tests. */
export interface OnnxGraph {
  inputs: OnnxValue[];
  outputs: OnnxValue[];
  nodes: OnnxNode[];
  constants?: OnnxConstant[];
}

/** The bytes of an .onnx file (IR 8, operators of set 17), written field by field. */
export function onnxModel(graph: OnnxGraph): Uint8Array {
  return message([
    number(1, 8),
    text(2, "ding's tests"),
    nested(7, graphProto(graph)),
    nested(8, message([text(1, ""), number(2, 17)])),
  ]);
}

/** `y = x · w` over any number of rows, x and y float32: what a model that batches looks like. */
export function matrixModel(weights: number[][], rows: number | string = "batch"): Uint8Array {
  const columns = weights[0]?.length ?? 0;
  return onnxModel({
    inputs: [{ name: "x", type: "float32", shape: [rows, weights.length] }],
    outputs: [{ name: "y", type: "float32", shape: [rows, columns] }],
    nodes: [{ op: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
    constants: [
      {
        name: "w",
        type: "float32",
        shape: [weights.length, columns],
        data: Float32Array.from(weights.flat()),
      },
    ],
  });
}

/** `y` is `x`, whatever it is. */
export function identityModel(
  type: OnnxValue["type"],
  shape: OnnxValue["shape"] = ["n", ""],
): Uint8Array {
  return onnxModel({
    inputs: [{ name: "x", type, shape }],
    outputs: [{ name: "y", type, shape }],
    nodes: [{ op: "Identity", inputs: ["x"], outputs: ["y"] }],
  });
}

const ELEMENT_TYPES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  complex64: 14,
  bfloat16: 16,
} as const;

function graphProto({ nodes, constants = [], inputs, outputs }: OnnxGraph): Uint8Array {
  return message([
    ...nodes.map((node) => nested(1, nodeProto(node))),
    text(2, "graph"),
    ...constants.map((constant) => nested(5, tensorProto(constant))),
    ...inputs.map((value) => nested(11, valueProto(value))),
    ...outputs.map((value) => nested(12, valueProto(value))),
  ]);
}

function nodeProto({ op, inputs, outputs, attributes = {} }: OnnxNode): Uint8Array {
  return message([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => nested(5, attributeProto(name, value))),
  ]);
}

function attributeProto(name: string, value: number | number[]): Uint8Array {
  const [INT, INTS] = [2, 7];
  return Array.isArray(value)
    ? message([text(1, name), ...value.map((each) => number(8, each)), number(20, INTS)])
    : message([text(1, name), number(3, value), number(20, INT)]);
}

function tensorProto({ name, type, shape, data, file }: OnnxConstant): Uint8Array {
  const EXTERNAL = 1;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return message([
    ...shape.map((size) => number(1, size)),
    number(2, ELEMENT_TYPES[type]),
    text(8, name),
    ...(file === undefined
      ? [nested(9, bytes)]
      : [nested(13, message([text(1, "location"), text(2, file)])), number(14, EXTERNAL)]),
  ]);
}

function valueProto({ name, type, shape, isSequence = false }: OnnxValue): Uint8Array {
  const dimensions = shape.map((size) =>
    nested(1, typeof size === "number" ? number(1, size) : size === "" ? [] : text(2, size)),
  );
  const tensor = message([number(1, ELEMENT_TYPES[type]), nested(2, message(dimensions))]);
  const one = message([nested(1, tensor)]);
  const sequence = message([nested(4, message([nested(1, one)]))]);
  return message([text(1, name), nested(2, isSequence ? sequence : one)]);
}

type Bytes = ArrayLike<number>;

function message(fields: Bytes[]): Uint8Array {
  return Uint8Array.from(fields.flatMap((field) => Array.from(field)));
}

function number(field: number, value: number): number[] {
  return [...varint(field * 8), ...varint(value)];
}

function text(field: number, value: string): number[] {
  return nested(field, new TextEncoder().encode(value));
}

function nested(field: number, bytes: Bytes): number[] {
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...Array.from(bytes)];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}
