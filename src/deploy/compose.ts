import { bracketed } from "../runtime/url.ts";
import { argumentsIn, commentText, PROBE_PERIOD_S, programIn } from "./container.ts";
import { type ContainedProgram, stopTimeoutS } from "./kept-program.ts";
import { yamlText, type YamlValue } from "./yaml.ts";

const TOKEN_SECRET = "token";
const TOKEN_FILE = `/run/secrets/${TOKEN_SECRET}`;

/** A Compose file with one service that keeps the program running. */
export function composeFile(what: ContainedProgram): string {
  const { name, title, tokenFile } = what;
  const head = [
    `# Keeps the ${title} "${name}" running in a container:`,
    "#   docker compose -f FILE up -d --wait      (podman compose will do too)",
    "#   docker compose -f FILE down              lets it finish its work first",
    ...aboutImage(what),
  ];
  const secrets = tokenFile && { [TOKEN_SECRET]: { file: escaped(tokenFile) } };
  return `${head.join("\n")}\n${yamlText({
    services: { [name]: service(what) },
    secrets: secrets || undefined,
  })}`;
}

function service(what: ContainedProgram): YamlValue {
  const seconds = stopTimeoutS(what.drainTimeoutMs);
  const words = {
    escape: escaped,
    host: undefined,
    tokenFile: what.tokenFile ? TOKEN_FILE : undefined,
  };
  return {
    image: what.image ?? what.plainImage,
    entrypoint: programIn(what).map(escaped),
    command: argumentsIn(what.args, words),
    working_dir: escaped(what.folder),
    user: `${what.userId}:${what.groupId}`,
    init: true,
    restart: "unless-stopped",
    stop_signal: "SIGTERM",
    stop_grace_period: `${seconds}s`,
    ports: [publishedPort(what)],
    environment: what.needsTokenVariable
      ? { DING_TOKEN: "${DING_TOKEN:?set it to the token that callers must show}" }
      : undefined,
    secrets: what.tokenFile ? [TOKEN_SECRET] : undefined,
    volumes: what.image === undefined ? volumes(what) : undefined,
    healthcheck: healthcheck(what),
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
    deploy: gpus(what),
  };
}

/** In the short form, which older programs know too. */
function publishedPort({ publishedHost: host, port }: ContainedProgram): string {
  return `${bracketed(host)}:${port}:${port}`;
}

function volumes({ mounts }: ContainedProgram): YamlValue {
  return mounts.map(({ path, isWritten }) => ({
    type: "bind",
    source: escaped(path),
    target: escaped(path),
    read_only: !isWritten,
  }));
}

/** The program itself asks: a plain image has nothing else to ask with. */
function healthcheck(what: ContainedProgram): YamlValue | undefined {
  // It would have to show a certificate of its own.
  if (what.tls === "mutual") return undefined;
  const scheme = what.tls === "none" ? "http" : "https";
  const url = `${scheme}://127.0.0.1:${what.port}/health/ready`;
  return {
    test: ["CMD", ...programIn(what).map(escaped), "_health", url],
    interval: `${PROBE_PERIOD_S}s`,
    timeout: "5s",
    retries: 3,
    start_period: `${Math.ceil(what.startTimeoutMs / 1000)}s`,
  };
}

function gpus({ gpus: ids }: ContainedProgram): YamlValue | undefined {
  if (ids.length === 0) return undefined;
  // All up to the highest: inside they are counted from 0 again.
  const all = Array.from({ length: Math.max(...ids) + 1 }, (_, id) => String(id));
  return {
    resources: {
      reservations: { devices: [{ driver: "nvidia", device_ids: all, capabilities: ["gpu"] }] },
    },
  };
}

function aboutImage({ image }: ContainedProgram): string[] {
  return image === undefined
    ? ["# The program and its files are mounted from this machine."]
    : [
        `# The image ${commentText(image)} has ding on its PATH, and the files below at their paths.`,
      ];
}

/** Compose replaces variables in all texts. */
function escaped(text: string): string {
  return text.replaceAll("$", () => "$$");
}
