import type { Context } from "hono";
import type { DingError } from "../core/errors.ts";
import { successEnvelope } from "../protocol/envelope.ts";
import { TOKEN_HEADER } from "../protocol/interaction-codes.ts";
import type { App } from "./app.ts";
import { isSameSecret } from "./bearer.ts";
import { answer } from "./body.ts";

/** What a service asks of its own port. */
export interface SelfRoutesOptions {
  /** Known to this process alone. */
  selfToken: string;
  isStopping: () => boolean;
  onShutdown: () => void;
  /** The refusals, in the ancestor's codes for this role. */
  refusals: {
    stopping: () => DingError;
    noToken: () => DingError;
    wrongToken: () => DingError;
  };
}

/** The paths of these routes; a token of their own guards them. */
export const SELF_PATHS: readonly string[] = ["/ping", "/shutdown"];

/** GET /ping and DELETE /shutdown, for who knows the service's own token. */
export function mountSelf(app: App, options: SelfRoutesOptions): void {
  const { selfToken, isStopping, onShutdown, refusals } = options;
  const check = ({ req }: Context): void => {
    if (isStopping()) throw refusals.stopping();
    const given = req.header(TOKEN_HEADER);
    if (!given) throw refusals.noToken();
    if (!isSameSecret(given, selfToken)) throw refusals.wrongToken();
  };
  app.get("/ping", (context) => {
    check(context);
    return answer(context, successEnvelope("PONG!"));
  });
  app.delete("/shutdown", (context) => {
    check(context);
    onShutdown();
    return answer(
      context,
      successEnvelope("Shutdown request received, this server will be down later."),
    );
  });
}
