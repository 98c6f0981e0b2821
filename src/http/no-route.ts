import type { Context, Hono } from "hono";
import { DingError } from "../core/errors.ts";
import type { HttpBindings } from "./listen.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

type Routed = Hono<{ Bindings: HttpBindings }>;

/** Throws what a request to no route of these apps deserves: 405 and the methods that would do, or 404. */
export function refuseRoute(apps: Routed | readonly Routed[], context: Context): never {
  const { method, path } = context.req;
  const all = [apps].flat() as Routed[];
  const allowed = METHODS.filter((candidate) => all.some((app) => hasRoute(app, candidate, path)));
  if (allowed.length === 0) {
    throw new DingError("http.not-found", `Cannot answer ${method} ${path}: no such route`);
  }
  const allow = allowed.includes("GET") ? ["HEAD", ...allowed] : allowed;
  context.header("Allow", allow.join(", "));
  throw new DingError("http.wrong-method", `Cannot answer ${method} ${path}: wrong method`, {
    hint: `Use ${allowed.join(" or ")}.`,
  });
}

/** Middleware matches too, but for all methods. */
function hasRoute(app: Routed, method: string, path: string): boolean {
  const [handlers] = app.router.match(method, path);
  return handlers.some(([[, route]]) => route.method === method);
}
