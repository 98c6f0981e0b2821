import { expect, test } from "bun:test";
import { readPem } from "../../../src/config/pem.ts";
import { tempFolder } from "../../support/temp-folder.ts";

test("readPem() gives the text of the file, or an error that names its option", async () => {
  await using folder = await tempFolder();
  expect(readPem(await folder.write("cert.pem", "CERT\n"), "cert")).toBe("CERT\n");
  const missing = folder.file("none.pem");
  expect(() => readPem(missing, "ca")).toThrow(`Cannot use --tls-ca: "${missing}": `);
});
