import { join } from "node:path";
import { expect, test } from "bun:test";
import { readPair, readPem } from "../../../src/config/pem.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const CERT = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

test("readPem() gives the text of the file, or an error that names its option", async () => {
  await using folder = await tempFolder();
  expect(readPem(await folder.write("cert.pem", `words before\n${CERT}`), "cert")).toContain(CERT);
  const missing = folder.file("none.pem");
  expect(() => readPem(missing, "ca")).toThrow(`Cannot use --tls-ca: "${missing}": `);
});

test.each(["", "EC ", "RSA ", "ENCRYPTED "])("readPem() knows a %sPRIVATE KEY", async (kind) => {
  await using folder = await tempFolder();
  const key = `-----BEGIN ${kind}PRIVATE KEY-----\nAAAA\n`;
  expect(readPem(await folder.write("key.pem", key), "key")).toBe(key);
});

test("readPem() refuses what holds another thing", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("cert.pem", CERT);
  expect(() => readPem(file, "key")).toThrow(
    `Cannot use --tls-key: "${file}": it holds no private key`,
  );
  const token = await folder.write("token", "secret");
  expect(() => readPem(token, "ca")).toThrow(
    `Cannot use --tls-ca: "${token}": it holds no certificate`,
  );
});

test("readPair() refuses a key that is not the certificate's", () => {
  const pem = (name: string): string => join(import.meta.dir, "../../integration/http/tls", name);
  const pair = readPair(pem("server.pem"), pem("server.key"));
  expect(pair.key).toContain("PRIVATE KEY");
  expect(() => readPair(pem("server.pem"), pem("client.key"))).toThrow(
    `Cannot use --tls-key: "${pem("client.key")}": it is not the key of the certificate`,
  );
});
