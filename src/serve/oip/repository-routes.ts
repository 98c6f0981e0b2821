import { readBody } from "./infer-body.ts";
import type { Asked, OipContext } from "./infer.ts";
import { repositoryIndex } from "./metadata.ts";
import { json, type Routes } from "./mount.ts";
import {
  checkLoadRequest,
  checkUnloadRequest,
  nameAndVersion,
  readIndexRequest,
} from "./repository-request.ts";

/** The repository: every model and version, loaded and unloaded. */
export function mountRepository({ post }: Routes, { models, bodyLimitBytes }: OipContext): void {
  const bodyOf = ({ request }: Asked): Promise<Uint8Array> => readBody(request, bodyLimitBytes);
  post("/v2/repository/index", async (asked) =>
    json(repositoryIndex(models, readIndexRequest(await bodyOf(asked)))),
  );
  post("/v2/repository/models/:model/load", async (asked) => {
    checkLoadRequest(await bodyOf(asked));
    const { name, version } = nameAndVersion(asked.name);
    await models.load(name, { version });
    return json({ name, load: true });
  });
  post("/v2/repository/models/:model/unload", async (asked) => {
    checkUnloadRequest(await bodyOf(asked));
    const { name, version } = nameAndVersion(asked.name);
    await models.unload(name, { version });
    return json({ name, unload: true });
  });
}
