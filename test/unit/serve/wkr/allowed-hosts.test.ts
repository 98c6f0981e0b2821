import { expect, test } from "bun:test";
import { DingError } from "../../../../src/core/errors.ts";
import { AllowedHosts } from "../../../../src/serve/wkr/allowed-hosts.ts";

/** The code of what it throws. */
function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    return DingError.from(thrown).code;
  }
  return "none";
}

const hosts = new AllowedHosts(["Images.Example.com", "10.0.0.7:8080", "::1", "[fe80::2]:9000"]);

test.each([
  ["http://images.example.com/a.jpg"],
  ["https://IMAGES.example.com:8443/a.jpg"],
  ["http://images.example.com./a.jpg"],
  ["http://10.0.0.7:8080/"],
  ["http://[::1]:1234/a"],
  ["http://[fe80::2]:9000/a"],
])("check() lets %s pass", (url) => {
  expect(hosts.check(url).href).toBe(new URL(url).href);
});

test.each([
  ["http://example.com/"],
  ["http://evil-images.example.com/"],
  ["http://images.example.com.evil.test/"],
  ["http://images.example.com@evil.test/"],
  ["http://images.example.com:secret@images.example.com/"],
  ["http://10.0.0.7/"],
  ["http://10.0.0.7:8081/"],
  ["https://10.0.0.7/"],
  ["http://[fe80::2]/"],
  ["http://[::2]/"],
])("check() refuses %s", (url) => {
  expect(codeOf(() => hosts.check(url))).toBe("auth.refused");
});

test.each([["file:///etc/passwd"], ["javascript:1"], ["/a.jpg"], [""], ["http://"]])(
  "check() takes %p for no URL",
  (url) => {
    expect(codeOf(() => hosts.check(url))).toBe("usage.invalid-input");
  },
);

test("check() reads a relative URL from its base, and checks what comes out", () => {
  const base = new URL("http://10.0.0.7:8080/a/b");
  expect(hosts.check("../c.jpg", base).href).toBe("http://10.0.0.7:8080/c.jpg");
  expect(codeOf(() => hosts.check("//10.0.0.8:8080/c.jpg", base))).toBe("auth.refused");
});

test("isEmpty says whether any host is allowed", () => {
  expect(hosts.isEmpty).toBe(false);
  expect(new AllowedHosts([]).isEmpty).toBe(true);
});

test("check() knows the port that a scheme stands for, where a host is allowed on one port", () => {
  const secure = new AllowedHosts(["images.test:443"]);
  expect(secure.check("https://images.test/a.jpg").port).toBe("");
  expect(codeOf(() => secure.check("http://images.test/a.jpg"))).toBe("auth.refused");
  const plain = new AllowedHosts(["images.test:80"]);
  expect(plain.check("http://images.test/a.jpg").port).toBe("");
  expect(codeOf(() => plain.check("https://images.test/a.jpg"))).toBe("auth.refused");
});
