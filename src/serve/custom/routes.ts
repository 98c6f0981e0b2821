import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { Hono, type Context, type MiddlewareHandler } from "hono";
import { silentLogger, type Logger } from "../../core/log.ts";
import type { App } from "../../http/app.ts";
import type { HttpBindings } from "../../http/listen.ts";
import { refuseRoute } from "../../http/no-route.ts";
import { bounded } from "../../http/read-bytes.ts";
import { writeJson } from "../../protocol/json-writer.ts";
import { importModule } from "../../runtime/modules.ts";
import { asker } from "../asker.ts";
import { LocalClient } from "../host/local-client.ts";
import { serverStoppingError } from "../host/refusals.ts";
import { UnderWay } from "../host/under-way.ts";
import type { Models } from "../inference.ts";
import { jsonMisfit } from "../json-misfit.ts";
import { digestOf } from "../native/digest.ts";
import type { KnownRoute } from "../page/api/serve-api.ts";
import { routesOf } from "../plugin/plugin-routes.ts";

/** Where a plugin's routes come from. */
export interface RoutesSource {
  readonly name: string;
  readonly plugin: string;
  readonly exportName: string;
}

/** What holds for the routes of plugins as for all others. */
export interface MountOptions {
  /** No body that they read is longer. */
  readonly limitBytes: number;
  /** Then they are asked no more. */
  readonly isStopping: () => boolean;
  /** Told of routes that nobody will ever reach. */
  readonly log?: Logger;
}

/** The routes of plugins, behind all others: what ding answers itself no plugin can take over. */
export class CustomRoutes {
  #custom: App | undefined;
  readonly #underWay = new UnderWay();
  /** Those that ding answers itself. */
  #own: readonly KnownRoute[] = [];
  #log: Logger = silentLogger;
  /** Of the plugins' files, as they were imported first. */
  readonly #digests = new Map<string, string>();

  /** What plugins have added: "GET /twice/:n". */
  get list(): KnownRoute[] {
    return (this.#custom?.routes.slice(1) ?? []).map(({ method, path }) => ({ method, path }));
  }

  /** Call it when every other route stands. */
  mount(app: App, { limitBytes, isStopping, log = silentLogger }: MountOptions): void {
    this.#own = app.routes.filter(({ path }) => !path.endsWith("*"));
    this.#log = log;
    app.all("*", async (context) => {
      const custom = this.#custom;
      if (!custom) return refuseRoute(app, context);
      if (isStopping() && this.list.length > 0) throw serverStoppingError();
      this.#underWay.begin();
      try {
        const answered = await asker.run(context, () =>
          custom.fetch(bounded(context.req.raw, limitBytes), context.env),
        );
        return answered.status === NOT_HERE ? refuseRoute([app, custom], context) : answered;
      } finally {
        this.#underWay.end();
      }
    });
  }

  /** Resolves when plugins have answered what is here, or the deadline has come. */
  drained(deadline: AbortSignal): Promise<void> {
    return this.#underWay.none(deadline);
  }

  /** Takes the routes of these plugins in the place of those before, which stay if it rejects. */
  async load(sources: readonly RoutesSource[], models: Models): Promise<void> {
    const custom: App = new Hono<{ Bindings: HttpBindings }>();
    custom.use("*", writeTensors); // the first of its routes
    custom.notFound(() => new Response(null, { status: NOT_HERE }));
    custom.onError(async (error, context) => {
      throw await faultOf(error, context); // the house answers
    });
    for (const { name, plugin, exportName } of sources) {
      const routes = routesOf(await this.#import(plugin), exportName);
      await routes?.(custom, new LocalClient(models, name));
    }
    this.#custom = custom;
    for (const { method, path } of this.list) {
      if (!this.#own.some((own) => answers(own, { method, path }))) continue;
      this.#log.warn(`the route ${method} ${path} of a plugin is never asked: ding answers it`);
    }
  }

  /** A file that has changed is another module; one that has not is not evaluated again. */
  async #import(plugin: string): Promise<Record<string, unknown>> {
    const digest = digestOf(await readFile(plugin).catch(() => NOTHING)); // importing says why
    const first = this.#digests.get(plugin);
    if (first === undefined) this.#digests.set(plugin, digest);
    return importModule(plugin, first === undefined || first === digest ? undefined : digest);
  }
}

/** Is a route, whose path may have parameters, asked in the place of the other? */
function answers(own: KnownRoute, other: KnownRoute): boolean {
  if (own.method !== other.method) return false;
  const [names, others] = [own.path.split("/"), other.path.split("/")];
  const isSame = (name: string, at: number): boolean => name.startsWith(":") || name === others[at];
  return names.length === others.length && names.every(isSame);
}

/** What a model answers may be typed arrays: `context.json` writes them as lists, as every other route does. */
const writeTensors: MiddlewareHandler<{ Bindings: HttpBindings }> = async (context, next) => {
  const json = (value: unknown, status?: never, headers?: Record<string, string>): Response =>
    context.body(writeJson(value), status, { "Content-Type": "application/json", ...headers });
  context.json = json as typeof context.json;
  await next();
};

/** That a body which the plugin read by `req.json()` is no JSON is the fault of who sent it. */
async function faultOf(error: Error, { req }: Context): Promise<Error> {
  if (!(error instanceof SyntaxError) || req.bodyCache.text === undefined) return error;
  const text = await req.text();
  try {
    JSON.parse(text);
    return error;
  } catch (cause) {
    return jsonMisfit(Buffer.from(text), cause);
  }
}

const NOTHING = new Uint8Array();

/** No status that a plugin would answer with. */
const NOT_HERE = 599;
