import { AsyncLocalStorage } from "node:async_hooks";
import type { HttpBindings } from "../http/listen.ts";

/** The request that a plugin's route answers. */
export interface Asker {
  readonly req: { readonly raw: Request };
  readonly env: HttpBindings;
}

/** Known to all that happens on behalf of one request to a plugin's route. */
export const asker: AsyncLocalStorage<Asker> = new AsyncLocalStorage();
