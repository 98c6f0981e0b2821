import { describe, expect, test } from "bun:test";
import { deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import { packed, unpacked, wantedCompression } from "../../../../src/serve/oip/compression.ts";

const text = Buffer.from("x".repeat(1_000));

describe("unpacked()", () => {
  test("gives the body as it was", async () => {
    expect(Buffer.from(await unpacked(gzipSync(text), "gzip", 1_000))).toEqual(text);
    expect(Buffer.from(await unpacked(deflateSync(text), " Deflate", 1_000))).toEqual(text);
    expect(await unpacked(new Uint8Array(), "gzip", 1)).toHaveLength(0);
  });

  test.each([
    ["gzip", gzipSync(text), 999, "http.too-large"],
    ["gzip", gzipSync(Buffer.alloc(50_000_000)), 1_000, "http.too-large"],
    ["gzip", gzipSync(text).subarray(0, 20), 1_000, "usage.invalid-input"],
    ["gzip", text, 1_000, "usage.invalid-input"],
    ["br", text, 1_000, "http.unsupported-type"],
    ["gzip, gzip", text, 1_000, "http.unsupported-type"],
  ] as const)("refuses %s: %#", async (encoding, bytes, limitBytes, code) => {
    const error = await unpacked(bytes, encoding, limitBytes).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
  });
});

describe("packed()", () => {
  test("packs in the way that a client asks for alone", async () => {
    expect(gunzipSync(await packed("hello", "gzip")).toString()).toBe("hello");
    expect(inflateSync(await packed([text], "deflate"))).toEqual(text);
    expect(wantedCompression("gzip")).toBe("gzip");
    expect(wantedCompression("deflate")).toBe("deflate");
    for (const list of [null, "", "identity", "gzip, deflate, br", "br"]) {
      expect(wantedCompression(list)).toBeUndefined();
    }
  });
});
