import type { Context } from "hono";
import { DingError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { createApp, type App } from "../http/app.ts";
import { answer, readBody } from "../http/body.ts";
import type { HttpBindings } from "../http/listen.ts";
import { mountSelf, SELF_PATHS } from "../http/self-routes.ts";
import { successEnvelope } from "../protocol/envelope.ts";
import { CHANNEL_HEADER, TOKEN_HEADER } from "../protocol/interaction-codes.ts";
import {
  connectRequest,
  disconnectRequest,
  newTaskRequest,
  parseChannel,
} from "../protocol/interaction-requests.ts";
import { parseShape } from "../protocol/shape.ts";
import { SESSION_PATH } from "../protocol/task-session.ts";
import type { DiEngineFace } from "./di-engine-face.ts";
import { slaveMetrics } from "./metrics.ts";
import { refuse } from "./refuse.ts";
import type { SlaveStatus } from "./status.ts";
import type { Tasks } from "./tasks.ts";

/** What the routes of a slave stand on. */
export interface SlaveAppOptions {
  channel: number;
  token: string | undefined;
  allowDiEngine: boolean;
  /** Known to this process alone: opens /ping and /shutdown. */
  selfToken: string;
  diEngine: DiEngineFace;
  tasks: Tasks;
  log: Logger;
  isLive: () => boolean;
  isReady: () => boolean;
  isStopping: () => boolean;
  status: () => SlaveStatus;
  shutdown: () => void;
}

type SlaveContext = Context<{ Bindings: HttpBindings }>;

const DI_ENGINE_PATHS = new Set(["/connect", "/disconnect", "/task/new"]);

/** The HTTP face of a slave: the dialect of DI-engine's masters, its status, and cancelling. */
export function slaveApp(options: SlaveAppOptions): App {
  const { status, token, allowDiEngine } = options;
  const app = createApp({
    health: options,
    token,
    public: (path) => SELF_PATHS.includes(path) || (allowDiEngine && DI_ENGINE_PATHS.has(path)),
    metrics: slaveMetrics(status),
    log: options.log,
  });
  app.get("/status", (context) => answer(context, status()));
  app.get(SESSION_PATH, () => {
    throw new DingError("usage.invalid-input", "Cannot open a session: no WebSocket upgrade");
  });
  mountTasks(app, options);
  mountSelf(app, {
    ...options,
    onShutdown: options.shutdown,
    refusals: {
      stopping: () => refuse("SYSTEM_SHUTTING_DOWN"),
      noToken: () => refuse("SELF_TOKEN_NOT_FOUND"),
      wrongToken: () => refuse("SELF_TOKEN_INVALID"),
    },
  });
  mountDiEngine(app, options);
  return app;
}

function mountTasks(app: App, { tasks }: SlaveAppOptions): void {
  app.delete("/tasks", (context) =>
    answer(
      context,
      successEnvelope("Tasks are being cancelled.", { cancelled: tasks.cancelAll() }),
    ),
  );
  app.delete("/tasks/:id", (context) => {
    const id = context.req.param("id");
    if (!tasks.cancel(id)) {
      throw new DingError("http.not-found", `Cannot cancel task "${id}": it is not here`, {
        hint: "GET /status lists the tasks that are here.",
      });
    }
    return answer(context, successEnvelope("Task is being cancelled.", { cancelled: 1 }));
  });
}

function mountDiEngine(app: App, options: SlaveAppOptions): void {
  const { diEngine } = options;
  app.post("/connect", async (context) => {
    const token = tokenOf(context, options);
    const { master, data } = parseShape(connectRequest, await readBody(context, PYTHON));
    const { remoteAddress } = context.env.info;
    await diEngine.connect({ token, remoteAddress }, master.address, data);
    return answer(context, successEnvelope("Connect success."));
  });
  app.delete("/disconnect", async (context) => {
    const token = tokenOf(context, options);
    diEngine.check(token);
    const { data } = parseShape(disconnectRequest, (await readBody(context, PYTHON)) ?? {});
    await diEngine.disconnect(token, data);
    return answer(context, successEnvelope("Disconnect success."));
  });
  app.post("/task/new", async (context) => {
    const token = tokenOf(context, options);
    diEngine.check(token);
    const { task, data } = parseShape(newTaskRequest, await readBody(context, PYTHON));
    await diEngine.newTask(token, task.id, data);
    return answer(context, successEnvelope("Task received!"));
  });
}

const PYTHON = { json: "python" } as const;

/** The ancestor's order: shutting down, channel, token; what the token opens is the connection's affair. */
function tokenOf({ req }: SlaveContext, options: SlaveAppOptions): string {
  const { isStopping, channel, token, allowDiEngine } = options;
  if (token !== undefined && !allowDiEngine) throw closedToDiEngine();
  if (isStopping()) throw refuse("SYSTEM_SHUTTING_DOWN");
  const given = req.header(CHANNEL_HEADER);
  if (!given) throw refuse("CHANNEL_NOT_FOUND");
  if (parseChannel(given) !== channel) throw refuse("CHANNEL_INVALID");
  const connectionToken = req.header(TOKEN_HEADER);
  if (!connectionToken) throw refuse("MASTER_TOKEN_NOT_FOUND");
  return connectionToken;
}

function closedToDiEngine(): DingError {
  return new DingError("auth.refused", "Cannot serve DI-engine masters: a token is set", {
    hint: "They cannot show one; start the slave with --allow-di-engine to let them in all the same.",
  });
}
