import { expect, test } from "bun:test";
import { clientOf } from "../../../src/serve/client-of.ts";

test("clientOf() takes the name that was given, not more of it than is kept, else the address", () => {
  const info = { remoteAddress: "10.0.0.7" };
  const of = (name?: string): string =>
    clientOf(new Headers(name === undefined ? {} : { "Ding-Client": name }), info);
  expect([of(), of(""), of("camera 7")]).toEqual(["10.0.0.7", "10.0.0.7", "camera 7"]);
  expect(of("x".repeat(5_000))).toBe("x".repeat(1_024));
});
