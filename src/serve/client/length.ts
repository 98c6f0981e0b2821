import { DingError } from "../../core/errors.ts";
import type { ModelFacts } from "../inference.ts";

/** Throws `usage.invalid-input` when an item is longer than its model says that it takes. */
export function checkLengthOf(item: unknown, model: ModelFacts | undefined): void {
  if (!model) return;
  for (const [name, part, most] of bounded(item, model)) {
    const length = lengthOf(part);
    if (length === undefined || length <= most) continue;
    const what = name === undefined ? "item" : `item: "${name}"`;
    throw new DingError(
      "usage.invalid-input",
      `Cannot encode ${what}: its length is ${length}, model "${model.name}" takes ${most}`,
      { hint: "Cut it, or leave checkLength out." },
    );
  }
}

type Bounded = [name: string | undefined, part: unknown, most: number];

/** The parts of an item whose length the model tells. */
function bounded(item: unknown, { input, inputSchema }: ModelFacts): Iterable<Bounded> {
  if (!input) return inSchema(item, inputSchema, []);
  const specs = Object.entries(input);
  return specs.flatMap(([name, { shape }]): Bounded[] => {
    const sizes = shape.slice(1);
    if (sizes.length === 0 || sizes.some((size) => size < 0)) return [];
    const most = sizes.reduce((product, size) => product * size, 1);
    const isBare = Array.isArray(item) || ArrayBuffer.isView(item);
    if (isBare) return specs.length === 1 ? [[undefined, item, most]] : [];
    return [[name, (item as Record<string, unknown> | null)?.[name], most]];
  });
}

/** What a JSON Schema says of the length of texts and lists. */
interface LengthSchema {
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly items?: unknown;
}

/** The value itself, and what lies in it. */
function* inSchema(value: unknown, schema: unknown, path: readonly string[]): Generator<Bounded> {
  if (typeof schema !== "object" || schema === null) return;
  const { maxLength, maxItems, properties = {}, items } = schema as LengthSchema;
  const most = maxLength ?? maxItems;
  if (most !== undefined) yield [path.length === 0 ? undefined : path.join("."), value, most];
  if (Array.isArray(value)) {
    if (items === undefined) return;
    for (const [at, member] of value.entries())
      yield* inSchema(member, items, [...path, String(at)]);
  } else if (typeof value === "object" && value !== null) {
    for (const [name, member] of Object.entries(properties)) {
      yield* inSchema((value as Record<string, unknown>)[name], member, [...path, name]);
    }
  }
}

function lengthOf(value: unknown): number | undefined {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
    ? (value as Uint8Array).length
    : undefined;
}
