import { z } from "zod";
import { DATATYPES, type Datatype } from "../protocol/datatype.ts";
import { DingError } from "../core/errors.ts";

const facts = z.object({
  name: z.string(),
  inputs: z
    .array(
      z.object({
        name: z.string(),
        datatype: z.enum(Object.keys(DATATYPES) as [Datatype, ...Datatype[]]),
        shape: z.array(z.coerce.number().int()),
      }),
    )
    .default([]),
});

const list = z.union([
  z.object({ models: z.array(z.string()) }).transform(({ models }) => models),
  z.array(z.object({ name: z.string() })).transform((models) => models.map(({ name }) => name)),
]);

/** One input of a model, as its metadata tell. */
export interface ModelInput {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1 is any size. */
  readonly shape: readonly number[];
}

/** What a load needs to know of a model. */
export interface ModelMetadata {
  readonly name: string;
  readonly inputs: readonly ModelInput[];
}

/** Reads a model's metadata as the Open Inference Protocol has them. */
export function readModelMetadata(value: unknown): ModelMetadata {
  const { data, error } = facts.safeParse(value);
  if (data) return data;
  const fault = error.issues[0];
  const why = `${fault?.path.join(".") ?? ""}: ${fault?.message ?? "unknown"}`;
  throw new DingError("network.protocol", `Cannot read metadata of the model: ${why}`, {
    hint: "Check that the address is that of a server of the Open Inference Protocol.",
  });
}

/** The names of the models in the answer of `GET /v2/models` or of a repository's index. */
export function readModelNames(value: unknown): string[] {
  return [...new Set(list.safeParse(value).data)];
}
