import { chmod } from "node:fs/promises";
import { expect, test } from "bun:test";
import { readToken } from "../../../src/config/token.ts";
import type { DingError } from "../../../src/core/errors.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const quiet = { warn: () => {} };

function problem(read: () => unknown): DingError {
  try {
    read();
  } catch (thrown) {
    expect((thrown as DingError).code).toBe("usage.invalid-option");
    return thrown as DingError;
  }
  throw new Error("no error");
}

test("readToken() is undefined when nobody gave one", () => {
  expect(readToken({ env: {} }, quiet)).toBeUndefined();
  expect(readToken({ env: { DING_TOKEN: " " } }, quiet)).toBeUndefined();
});

test("readToken() takes the line end off", async () => {
  await using folder = await tempFolder();
  const tokenFile = await folder.write("token", "abc123\r\n");
  expect(readToken({ tokenFile, env: {} }, quiet)).toBe("abc123");
  expect(readToken({ env: { DING_TOKEN: "def456\n" } }, quiet)).toBe("def456");
});

test("readToken() takes --token-file over DING_TOKEN, and that over the config file's", async () => {
  await using folder = await tempFolder();
  const tokenFile = await folder.write("token", "from-file");
  const env = { DING_TOKEN: "from-variable" };
  expect(readToken({ tokenFile, tokenFileFrom: "flag", env }, quiet)).toBe("from-file");
  expect(readToken({ tokenFile, tokenFileFrom: "file", env }, quiet)).toBe("from-variable");
  expect(readToken({ tokenFile, tokenFileFrom: "file", env: {} }, quiet)).toBe("from-file");
});

test("readToken() refuses what is no token, without showing it", async () => {
  await using folder = await tempFolder();
  const empty = await folder.write("empty", "\n");
  const long = await folder.write("long", "first line\nsecond line\n");
  expect(problem(() => readToken({ tokenFile: empty, env: {} }, quiet)).message).toBe(
    `Cannot use --token-file: "${empty}": it is empty`,
  );
  const { message } = problem(() => readToken({ tokenFile: long, env: {} }, quiet));
  expect(message).toEndWith("a token is one line of visible ASCII letters");
  expect(message).not.toContain("first");
  const missing = problem(() => readToken({ tokenFile: folder.file("no"), env: {} }, quiet));
  expect(missing.message).toEndWith("no such file");
  const bad = problem(() => readToken({ env: { DING_TOKEN: "a b" } }, quiet));
  expect(bad.message).toBe("Cannot use DING_TOKEN: a token is one line of visible ASCII letters");
});

test("readToken() warns of a file that everybody can read", async () => {
  await using folder = await tempFolder();
  const tokenFile = await folder.write("token", "s3cret");
  const warnings: string[] = [];
  const log = { warn: (text: string) => void warnings.push(text) };
  await chmod(tokenFile, 0o600);
  readToken({ tokenFile, env: {} }, log);
  expect(warnings).toEqual([]);
  await chmod(tokenFile, 0o644);
  readToken({ tokenFile, env: {} }, log);
  expect(warnings).toEqual([`Every user of this machine can read the token file "${tokenFile}"`]);
});
