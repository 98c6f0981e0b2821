import type { Models } from "../inference.ts";
import { EXTENSIONS } from "./metadata.ts";
import { json, type Routes } from "./mount.ts";

/** What the protocol tells of the server. */
export interface OipServer {
  /** As GET /v2 tells them. */
  serverName: string;
  version: string;
  isLive: () => boolean;
  isReady: () => boolean;
  /** The body of the answer to …/stats, of one model or version or of all; without it there are no such routes. */
  statistics?: (name?: string, version?: string) => unknown;
}

/** The server: its metadata, its health, its models by name, the statistics of all. */
export function mountServer({ get }: Routes, models: Models, server: OipServer): void {
  const { serverName: name, version, isLive, isReady, statistics } = server;
  const extensions = statistics ? [...EXTENSIONS, "statistics"] : EXTENSIONS;
  get("/v2", () => json({ name, version, extensions }));
  get("/v2/health/live", () => {
    const live = isLive();
    return json({ live }, live ? 200 : 503);
  });
  get("/v2/health/ready", () => {
    const ready = isReady();
    return json({ live: isLive(), ready }, ready ? 200 : 503);
  });
  get("/v2/models", () => json({ models: [...new Set(models.list().map((one) => one.name))] }));
  if (statistics) get("/v2/models/stats", () => json(statistics()));
}
