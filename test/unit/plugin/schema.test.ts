import { expect, test } from "bun:test";
import { z } from "zod";
import { checkBySchema, jsonSchemaOf } from "../../../src/plugin/schema.ts";

test("checkBySchema() gives what the schema makes of the data, or every fault with its path", async () => {
  const schema = z.object({ a: z.coerce.number(), b: z.array(z.object({ c: z.string() })) });
  expect(await checkBySchema(schema, { a: "1", b: [] })).toEqual({ value: { a: 1, b: [] } });
  const checked = await checkBySchema(schema, { a: 1, b: [{ c: "" }, { c: 5 }] });
  expect("faults" in checked && checked.faults.map(({ path }) => path)).toEqual(["b.1.c"]);
});

test("jsonSchemaOf() tells the rest of a schema where a part of it has no word in JSON Schema", () => {
  const schema = z.object({
    text: z.string().max(5),
    at: z.date(),
    bytes: z.instanceof(Uint8Array),
  });
  expect(jsonSchemaOf(schema, "input")).toMatchObject({
    type: "object",
    properties: { text: { type: "string", maxLength: 5 }, at: {}, bytes: {} },
    required: ["text", "at", "bytes"],
  });
});

test("jsonSchemaOf() gives nothing where a library cannot tell", () => {
  const mute = { version: 1, vendor: "mute", validate: (value: unknown) => ({ value }) } as const;
  const unable = {
    ...mute,
    jsonSchema: {
      input: () => {
        throw new Error("no word for it");
      },
    },
  };
  expect(jsonSchemaOf(undefined, "input")).toBeUndefined();
  expect(jsonSchemaOf({ "~standard": mute }, "input")).toBeUndefined();
  expect(jsonSchemaOf({ "~standard": unable }, "input")).toBeUndefined();
});
