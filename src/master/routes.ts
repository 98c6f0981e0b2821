import type { Context } from "hono";
import { z } from "zod";
import { DingError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { createApp, type App } from "../http/app.ts";
import { answer, readBody } from "../http/body.ts";
import type { HttpBindings } from "../http/listen.ts";
import { mountSelf, SELF_PATHS } from "../http/self-routes.ts";
import { failureEnvelope, successEnvelope } from "../protocol/envelope.ts";
import {
  CHANNEL_HEADER,
  MASTER_CODES,
  TOKEN_HEADER,
  type MasterCodeName,
} from "../protocol/interaction-codes.ts";
import { parseChannel, resultRequest } from "../protocol/interaction-requests.ts";
import { parseShape } from "../protocol/shape.ts";
import { JOIN_PATH } from "../protocol/task-session.ts";
import type { Callbacks, CallbackTarget } from "./callbacks.ts";

/** What the routes of a master stand on. */
export interface MasterAppOptions {
  channel: number;
  token: string | undefined;
  selfToken: string;
  callbacks: Callbacks;
  log: Logger;
  isStopping: () => boolean;
  onShutdown: () => void;
}

type MasterContext = Context<{ Bindings: HttpBindings }>;

/** Slaves of the HTTP dialect show their connection's token, which is a secret of its own. */
const OWN_TOKEN_PATHS = new Set([
  ...SELF_PATHS,
  "/slave/heartbeat",
  "/slave/task/complete",
  "/slave/task/fail",
]);

/** The HTTP face of a master: what slaves of the DI-engine dialect call back, and its own ping. */
export function masterApp(options: MasterAppOptions): App {
  const { token, log, isStopping } = options;
  const app = createApp({
    health: { isLive: () => true, isReady: () => !isStopping() },
    token,
    public: (path) => OWN_TOKEN_PATHS.has(path),
    log,
  });
  app.get(JOIN_PATH, () => {
    throw new DingError("usage.invalid-input", "Cannot join: no WebSocket upgrade");
  });
  mountSelf(app, {
    ...options,
    refusals: {
      stopping: () => refuse("SYSTEM_SHUTTING_DOWN"),
      noToken: () => refuse("SELF_TOKEN_NOT_GIVEN"),
      wrongToken: () => refuse("SELF_TOKEN_INVALID"),
    },
  });
  mountSlaves(app, options);
  return app;
}

function mountSlaves(app: App, options: MasterAppOptions): void {
  app.get("/slave/heartbeat", (context) => {
    slaveOf(context, options).onHeartbeat();
    return answer(context, successEnvelope("Received!"));
  });
  for (const path of ["complete", "fail"] as const) {
    app.put(`/slave/task/${path}`, async (context) => {
      const slave = slaveOf(context, options);
      const body = await readBody(context, { json: "python" });
      if (!hasTaskId.safeParse(body).success) return answer(context, invalid("No task id."));
      const { task, result } = parseShape(resultRequest, body);
      if (!slave.onResult(path, task.id, result)) {
        return answer(context, invalid(`Task ${task.id} is not known.`));
      }
      return answer(context, successEnvelope("Result received!"));
    });
  }
}

const hasTaskId = z.object({
  task: z.object({ id: z.unknown().refine((id) => id !== undefined) }),
});

/** The ancestor's order: shutting down, channel, token. */
function slaveOf({ req }: MasterContext, options: MasterAppOptions): CallbackTarget {
  const { isStopping, channel, callbacks } = options;
  if (isStopping()) throw refuse("SYSTEM_SHUTTING_DOWN");
  const given = req.header(CHANNEL_HEADER);
  if (!given) throw refuse("CHANNEL_NOT_GIVEN");
  if (parseChannel(given) !== channel) throw refuse("CHANNEL_INVALID");
  const token = req.header(TOKEN_HEADER);
  if (!token) throw refuse("SLAVE_TOKEN_NOT_GIVEN");
  const slave = callbacks.find(token);
  if (!slave) throw refuse("SLAVE_TOKEN_INVALID");
  return slave;
}

/** The one refusal that the ancestor sends with HTTP status 200. */
function invalid(message: string): ReturnType<typeof failureEnvelope> {
  return failureEnvelope(MASTER_CODES.TASK_DATA_INVALID, message);
}

function refuse(name: MasterCodeName): DingError {
  const { status, code, message } = MASTER_CODES[name];
  return new DingError("peer.refused", message, { details: { status, code, data: null } });
}
