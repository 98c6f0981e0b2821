import { checkListen } from "../../config/listen.ts";
import { DingError, errorOf } from "../../core/errors.ts";
import { listenHttp, type ListeningApp } from "../../http/listen.ts";
import type { ServerTls } from "../../runtime/http-server.ts";
import { probeApp, type NodeAppOptions } from "./routes.ts";

/** The ports beside a node's own on which it says how it is; 0 for free ones, none where there is no number. */
export interface ProbePorts {
  /** `GET /metrics` */
  metricsPort?: number | undefined;
  /** `GET /health/live` and `/health/ready` */
  healthPort?: number | undefined;
}

/** What these ports are opened with. */
export interface ProbesOptions extends ProbePorts, NodeAppOptions {
  host: string;
  tls?: ServerTls | undefined;
  insecure: boolean;
}

/** The ports that are open; one for both where both have one number. */
export interface Probes extends AsyncDisposable, ProbePorts {}

/** Opens them. Rejects with `network.in-use`, whose details name the `flag`, and with what `checkListen` has against them. */
export async function openProbes(options: ProbesOptions): Promise<Probes> {
  const { metricsPort, healthPort } = options;
  await using opening = new AsyncDisposableStack();
  const metrics =
    metricsPort === undefined
      ? undefined
      : opening.use(await listenOn(options, { port: metricsPort, flag: "--metrics-port" }));
  const isOne = metrics !== undefined && healthPort === metricsPort;
  const health =
    healthPort === undefined || isOne
      ? undefined
      : opening.use(await listenOn(options, { port: healthPort, flag: "--health-port" }));
  const open = opening.move();
  return {
    metricsPort: metrics?.port,
    healthPort: isOne ? metrics.port : health?.port,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function listenOn(
  options: ProbesOptions,
  { port, flag }: { port: number; flag: string },
): Promise<ListeningApp> {
  const { host, insecure, token, tls } = options;
  checkListen({ host, port, insecure }, token);
  const app = probeApp(options, { hasMetrics: flag === "--metrics-port" });
  try {
    return await listenHttp(app, { host, port, tls, token });
  } catch (thrown) {
    const { code, message, details } = DingError.from(thrown);
    const hint = `Pass another ${flag}, 0 for a free one, or stop what listens there.`;
    throw errorOf(code, message, { hint, details: { ...details, flag } });
  }
}
