import { expect, test } from "bun:test";
import { Server } from "../../../src/serve/server.ts";

test("Server() refuses options that it cannot use, by name", () => {
  expect(() => new Server({ plugin: "model.ts", workers: 0, port: 70_000 })).toThrow(
    expect.objectContaining({
      code: "usage.invalid-option",
      message: expect.stringMatching(/^Cannot use server options: "port": .*; "workers": /),
    }),
  );
});
