import { describe, expect, test } from "bun:test";
import { composeFile } from "../../../src/deploy/compose.ts";
import type { ContainedProgram } from "../../../src/deploy/kept-program.ts";
import { containedProgram } from "../../support/contained-program.ts";

/** The only service of the file, and the whole of it. */
function read(what: Partial<ContainedProgram> = {}): {
  service: Record<string, unknown>;
  file: Record<string, unknown>;
} {
  const file = Bun.YAML.parse(composeFile(containedProgram(what))) as {
    services: Record<string, Record<string, unknown>>;
  };
  const [service = {}] = Object.values(file.services);
  return { service, file };
}

describe("composeFile()", () => {
  test("runs the program from this machine's files, and lets it finish", () => {
    const { service } = read();
    expect(service).toMatchObject({
      image: "debian:stable-slim",
      entrypoint: ["/opt/it's ding/ding"],
      working_dir: "/srv/my models",
      user: "1000:100",
      restart: "unless-stopped",
      stop_grace_period: "41s",
      ports: ["127.0.0.1:8900:8900"],
      volumes: [
        { type: "bind", source: "/srv/my models", target: "/srv/my models", read_only: false },
        { type: "bind", source: "/opt/it's ding/ding", read_only: true },
      ],
      healthcheck: {
        test: ["CMD", "/opt/it's ding/ding", "_health", "http://127.0.0.1:8900/health/ready"],
        start_period: "300s",
      },
    });
    expect(read({ publishedHost: "::1" }).service["ports"]).toEqual(["[::1]:8900:8900"]);
    expect(service).not.toHaveProperty("environment");
    expect(service).not.toHaveProperty("deploy");
  });

  test("keeps Compose from replacing anything in the arguments", () => {
    expect(read().service["command"]).toEqual([
      "serve",
      "--plugin=/srv/my models/a.ts",
      "$$HOME $$(id) $${X} $$$$ 100%",
      "a\nb",
      "",
      "no",
      "ü ✓ 😀\u2028\u0085",
      "--name=ocr",
    ]);
  });

  test("takes the files from an image that has ding", () => {
    const { service } = read({ image: "registry/ocr:1" });
    expect(service).toMatchObject({ image: "registry/ocr:1", entrypoint: ["ding"] });
    expect(service).not.toHaveProperty("volumes");
  });

  test("writes down where the token comes from, and never the token", () => {
    const byFile = read({
      tokenFile: "/etc/$x/token",
      args: [{ kind: "with-token-file", text: "--token-file=" }],
    });
    expect(byFile.service).toMatchObject({
      command: ["--token-file=/run/secrets/token"],
      secrets: ["token"],
    });
    expect(byFile.file).toMatchObject({ secrets: { token: { file: "/etc/$$x/token" } } });
    expect(read({ needsTokenVariable: true }).service["environment"]).toEqual({
      DING_TOKEN: "${DING_TOKEN:?set it to the token that callers must show}",
    });
  });

  test("asks by TLS when that is spoken, and not at all where it would need a certificate", () => {
    const { service } = read({ tls: "server", prefix: ["main.ts"] });
    expect(service["healthcheck"]).toMatchObject({
      test: expect.arrayContaining(["main.ts", "https://127.0.0.1:8900/health/ready"]),
    });
    expect(read({ tls: "mutual" }).service).not.toHaveProperty("healthcheck");
  });

  test("asks for all GPUs up to the highest, so that their numbers stay", () => {
    expect(read({ gpus: [2, 0] }).service["deploy"]).toEqual({
      resources: {
        reservations: {
          devices: [{ driver: "nvidia", device_ids: ["0", "1", "2"], capabilities: ["gpu"] }],
        },
      },
    });
  });
});
