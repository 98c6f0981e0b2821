import { expect, test } from "bun:test";
import { z } from "zod";
import {
  checkListen,
  isLoopback,
  type ListenOptions,
  listenOptions,
  portOption,
} from "../../../src/config/listen.ts";
import { loadOptions } from "../../../src/config/options.ts";
import type { DingError } from "../../../src/core/errors.ts";

const schema = z.object({ ...listenOptions, port: portOption(7236) });
const optionsWith = (given: Partial<ListenOptions>): ListenOptions => ({
  ...loadOptions("slave", schema, {}),
  ...given,
});

function problem(given: Partial<ListenOptions>, token?: string): string {
  try {
    checkListen(optionsWith(given), token);
  } catch (thrown) {
    const { code, message, hint } = thrown as DingError;
    expect(code).toBe("usage.invalid-option");
    return `${message} / ${hint}`;
  }
  return "no error";
}

test("listenOptions listen on this machine alone, unless told otherwise", () => {
  expect(loadOptions("slave", schema, {})).toEqual({
    host: "127.0.0.1",
    port: 7236,
    insecure: false,
    json: false,
    logLevel: "info",
  });
});

test.each(["127.0.0.1", "127.9.8.7", "localhost", "LOCALHOST", "::1", "[::1]", "::ffff:127.0.0.1"])(
  "isLoopback() of %s",
  (host) => expect(isLoopback(host)).toBe(true),
);

test.each(["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example", "localhost.evil", "", "1270.0.0.1"])(
  "isLoopback() not of %p",
  (host) => expect(isLoopback(host)).toBe(false),
);

test("checkListen() wants a token or --insecure beyond loopback", () => {
  expect(problem({})).toBe("no error");
  expect(problem({ host: "0.0.0.0" })).toBe(
    "Cannot listen on 0.0.0.0:7236 without a token: other machines can reach it / " +
      "Pass --token-file FILE or set DING_TOKEN; pass --insecure to let everybody in",
  );
  expect(problem({ host: "0.0.0.0", insecure: true })).toBe("no error");
  expect(problem({ host: "0.0.0.0" }, "s3cret")).toBe("no error");
});

test("checkListen() wants certificate and key together", () => {
  const pair = { tlsCert: "a.pem", tlsKey: "b.pem" };
  expect(problem(pair)).toBe("no error");
  expect(problem({ ...pair, tlsCa: "c.pem" })).toBe("no error");
  expect(problem({ tlsCert: "a.pem" })).toBe(
    "Cannot use --tls-cert: it needs --tls-key beside it / Pass --tls-key FILE",
  );
  expect(problem({ tlsKey: "a.pem" })).toBe(
    "Cannot use --tls-key: it needs --tls-cert beside it / Pass --tls-cert FILE",
  );
  expect(problem({ tlsCa: "a.pem" })).toBe(
    "Cannot use --tls-ca: it needs --tls-cert and --tls-key beside it / Pass --tls-cert FILE and --tls-key FILE",
  );
});
