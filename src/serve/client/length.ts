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
function bounded(item: unknown, { input, inputSchema }: ModelFacts): Bounded[] {
  if (!input) return [[undefined, item, mostOf(inputSchema)]];
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

/** What a JSON Schema says of the length of a text or a list. */
function mostOf(schema: unknown): number {
  const { maxLength, maxItems } = (schema ?? {}) as Record<string, unknown>;
  if (typeof maxLength === "number") return maxLength;
  return typeof maxItems === "number" ? maxItems : Infinity;
}

function lengthOf(value: unknown): number | undefined {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
    ? (value as Uint8Array).length
    : undefined;
}
