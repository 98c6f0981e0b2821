import { expect, test } from "bun:test";
import { otlpEndpoint } from "../../../src/telemetry/otlp-endpoint.ts";

test.each([
  ["http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"],
  ["http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"],
  ["https://collector.example/otlp/", "https://collector.example/otlp/v1/traces"],
  ["http://127.0.0.1:4318/v1/traces", "http://127.0.0.1:4318/v1/traces"],
])("otlpEndpoint() makes %s into %s", (written, url) => {
  expect(otlpEndpoint(written).href).toBe(url);
});

test.each(["", "127.0.0.1:4318", "grpc://a:4317", "nonsense"])(
  "otlpEndpoint() refuses %p and says what to write",
  (written) => {
    expect(() => otlpEndpoint(written)).toThrow(`Cannot send traces to "${written}": not a URL`);
  },
);
