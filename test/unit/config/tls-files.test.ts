import { join } from "node:path";
import { expect, test } from "bun:test";
import { dialTls, listenTls } from "../../../src/config/tls-files.ts";

const file = (name: string): string => join(import.meta.dir, "../../integration/http/tls", name);
const [tlsCert, tlsKey, tlsCa] = [file("server.pem"), file("server.key"), file("ca.pem")];

test("listenTls() takes a certificate with its key, and asks for others' where an authority is named", () => {
  expect(listenTls({})).toBeUndefined();
  expect(listenTls({ tlsCa })).toBeUndefined();
  expect(listenTls({ tlsCert, tlsKey })).toMatchObject({ ca: undefined });
  const all = listenTls({ tlsCert, tlsKey, tlsCa });
  expect(all?.cert).toContain("BEGIN CERTIFICATE");
  expect(all?.key).toContain("PRIVATE KEY");
  expect(all?.ca).toContain("BEGIN CERTIFICATE");
  expect(all?.ca).not.toBe(all?.cert);
});

test("dialTls() takes any of an authority and a certificate with its key", () => {
  expect(dialTls({})).toBeUndefined();
  expect(Object.keys(dialTls({ tlsCa }) ?? {})).toEqual(["ca"]);
  expect(dialTls({ tlsCert, tlsKey })).toEqual(listenTls({ tlsCert, tlsKey }));
  expect(dialTls({ tlsCert, tlsKey, tlsCa })).toEqual(listenTls({ tlsCert, tlsKey, tlsCa }));
});

test("a certificate without its key, a key without its certificate, or another's key is refused", () => {
  expect(() => dialTls({ tlsCert })).toThrow("Cannot use --tls-cert: it needs --tls-key beside it");
  expect(() => dialTls({ tlsKey, tlsCa })).toThrow("Cannot use --tls-key: it needs --tls-cert");
  const mixed = { tlsCert, tlsKey: file("client.key") };
  for (const read of [dialTls, listenTls]) expect(() => read(mixed)).toThrow("it is not the key");
});
