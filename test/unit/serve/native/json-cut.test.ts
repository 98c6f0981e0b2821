import { expect, test } from "bun:test";
import { cutList, cutObject, type Span } from "../../../../src/serve/native/json-cut.ts";
import { Chance } from "../../../support/chance.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function textAt(bytes: Uint8Array, span: Span | undefined): string | undefined {
  return span && decoder.decode(bytes.subarray(span.start, span.end));
}

test("cutObject() gives the members as they stand in the text", () => {
  const bytes = encoder.encode(
    ` \n{ "a" : [1, "]}\\"", {"x":[]}] ,"b":-0, "c\\u0041":"q\\\\" ,"d":{"e":"}"},"f":1e400,"g":true }\n`,
  );
  const members = cutObject(bytes);
  expect(Object.fromEntries([...members].map(([key, span]) => [key, textAt(bytes, span)]))).toEqual(
    {
      a: `[1, "]}\\"", {"x":[]}]`,
      b: "-0",
      cA: `"q\\\\"`,
      d: `{"e":"}"}`,
      f: "1e400",
      g: "true",
    },
  );
});

test("cutObject() takes the last of two members of one name, and nothing from an empty object", () => {
  const bytes = encoder.encode(`{"a":1,"a":[2]}`);
  expect(textAt(bytes, cutObject(bytes).get("a"))).toBe("[2]");
  expect(cutObject(encoder.encode(" {} ")).size).toBe(0);
  expect(cutObject(encoder.encode("\uFEFF{}")).size).toBe(0);
});

test("cutList() gives the elements as they stand in the text", () => {
  const text = ` [ 1 ,"a,]" , [ ] ,{"b" : [1,2]},null,"\\\\" ]`;
  const bytes = encoder.encode(text);
  expect(cutList(bytes, 0).map((span) => textAt(bytes, span))).toEqual([
    "1",
    `"a,]"`,
    "[ ]",
    `{"b" : [1,2]}`,
    "null",
    `"\\\\"`,
  ]);
  expect(cutList(encoder.encode("[ ]"), 0)).toEqual([]);
});

test("cutList() and cutObject() agree with JSON.parse for random values", () => {
  const chance = new Chance(11);
  for (let round = 0; round < 400; round++) {
    const list = Array.from({ length: chance.integer(0, 5) }, () => randomValue(chance, 0));
    const bytes = encoder.encode(JSON.stringify(list, null, chance.integer(0, 2)));
    const cut = cutList(bytes, 0).map((span): unknown => JSON.parse(textAt(bytes, span) ?? ""));
    expect(cut).toEqual(list);
    const object = Object.fromEntries(list.map((value, index) => [`k"${index}`, value]));
    const text = encoder.encode(JSON.stringify(object, null, chance.integer(0, 2)));
    const members = [...cutObject(text)].map(([key, span]): [string, unknown] => [
      key,
      JSON.parse(textAt(text, span) ?? ""),
    ]);
    expect(Object.fromEntries(members)).toEqual(object);
  }
});

function randomValue(chance: Chance, depth: number): unknown {
  switch (chance.integer(0, depth > 3 ? 3 : 5)) {
    case 0:
      return chance.integer(-5, 5) / 2;
    case 1:
      return chance.pick(["", `"`, "\\", `\\"`, "]}", "ü,[", "a\nb"]);
    case 2:
      return null;
    case 3:
      return chance.pick([true, false]);
    case 4:
      return Array.from({ length: chance.integer(0, 3) }, () => randomValue(chance, depth + 1));
    default:
      return { [chance.pick(["a", `"]`, "{"])]: randomValue(chance, depth + 1) };
  }
}
