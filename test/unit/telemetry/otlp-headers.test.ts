import { expect, test } from "bun:test";
import { otlpHeaders } from "../../../src/telemetry/otlp-headers.ts";

const NOBODY = { username: "", password: "" };

test("otlpHeaders() takes those that the environment names, for traces before others", () => {
  const headers = otlpHeaders(NOBODY, {
    OTEL_EXPORTER_OTLP_HEADERS: "api-key=a%3Db, x-team = blue ,broken, =none,bad name=1,x-twice=1",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-twice=2,x-odd=%",
  });
  expect(Object.fromEntries(headers)).toEqual({
    "api-key": "a=b",
    "content-type": "application/json",
    "x-odd": "%",
    "x-team": "blue",
    "x-twice": "2",
  });
});

test("otlpHeaders() says who asks where the URL does", () => {
  const headers = otlpHeaders({ username: "me", password: "p%40ss" }, {});
  expect(headers.get("authorization")).toBe(`Basic ${btoa("me:p@ss")}`);
});
