import { expect, test } from "bun:test";
import { z } from "zod";
import { checkBySchema } from "../../../src/plugin/schema.ts";

test("checkBySchema() gives what the schema makes of the data, or every fault with its path", async () => {
  const schema = z.object({ a: z.coerce.number(), b: z.array(z.object({ c: z.string() })) });
  expect(await checkBySchema(schema, { a: "1", b: [] })).toEqual({ value: { a: 1, b: [] } });
  const checked = await checkBySchema(schema, { a: 1, b: [{ c: "" }, { c: 5 }] });
  expect("faults" in checked && checked.faults.map(({ path }) => path)).toEqual(["b.1.c"]);
});
