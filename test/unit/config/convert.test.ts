import { expect, test } from "bun:test";
import { z } from "zod";
import { convertText, NOT_CONVERTIBLE, splitList } from "../../../src/config/convert.ts";
import {
  typeName,
  typeNameWithRange,
  valueTypeOf,
  type JsonSchema,
} from "../../../src/config/value-type.ts";

const typeOf = (schema: z.ZodType): ReturnType<typeof valueTypeOf> =>
  valueTypeOf(z.toJSONSchema(schema, { io: "input" }) as JsonSchema);

test.each([
  [z.int(), "-12", -12],
  [z.int(), "1.5", NOT_CONVERTIBLE],
  [z.int(), "0x10", NOT_CONVERTIBLE],
  [z.int(), "7e3", NOT_CONVERTIBLE],
  [z.number(), "1.5", 1.5],
  [z.number(), "1e3", 1000],
  [z.number(), "", NOT_CONVERTIBLE],
  [z.number(), "Infinity", NOT_CONVERTIBLE],
  [z.boolean(), "Yes", true],
  [z.boolean(), "0", false],
  [z.boolean(), "maybe", NOT_CONVERTIBLE],
  [z.string(), "12", "12"],
  [z.enum(["a", "b"]), "b", "b"],
  [z.enum(["a", "b"]), "c", NOT_CONVERTIBLE],
  [z.literal([-1, 0]), "-1", -1],
  [z.union([z.literal("auto"), z.int()]), "auto", "auto"],
  [z.union([z.literal("auto"), z.int()]), "3", 3],
  [z.union([z.literal("auto"), z.int()]), "x", NOT_CONVERTIBLE],
  [z.int().nullable(), "3", 3],
  [z.array(z.int()), "3", [3]],
  [z.record(z.string(), z.int()), '{"a":1}', { a: 1 }],
  [z.record(z.string(), z.int()), "{a:1}", NOT_CONVERTIBLE],
])("convertText() of %# gives what the type wants", (schema, text, value) => {
  expect(convertText(typeOf(schema), text)).toEqual(value);
});

test.each([
  [z.int(), "an integer"],
  [z.int().min(0).max(9), "an integer from 0 to 9"],
  [z.int().positive(), "an integer above 0"],
  [z.int().min(1), "an integer of at least 1"],
  [z.number().max(2), "a number of at most 2"],
  [z.number().gt(0).lt(1), "a number above 0 and below 1"],
  [z.boolean(), "true or false"],
  [z.enum(["a", "b"]), "one of a, b"],
  [z.literal("a"), '"a"'],
  [z.union([z.literal("auto"), z.int().min(0)]), '"auto" or an integer of at least 0'],
  [z.union([z.literal("a"), z.literal("b")]), "one of a, b"],
  [z.array(z.string()), "a list"],
  [z.record(z.string(), z.int()), "JSON"],
])("typeNameWithRange() of %# says it in words", (schema, words) => {
  expect(typeNameWithRange(typeOf(schema))).toBe(words);
});

test("typeName() leaves the range out", () => {
  expect(typeName(typeOf(z.int().min(0).max(9)))).toBe("an integer");
});

test.each([
  ["a,b", ["a", "b"]],
  [" a , b ,", ["a", "b"]],
  ["n[1,3-5]:7236,m:1", ["n[1,3-5]:7236", "m:1"]],
  ["", []],
])("splitList() parts %p at its commas, not inside brackets", (text, parts) => {
  expect(splitList(text)).toEqual(parts);
});
