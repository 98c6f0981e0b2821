import { createApp } from "../../../../src/http/app.ts";
import { listenHttp, type ListeningApp } from "../../../../src/http/listen.ts";
import type { Models, Payload } from "../../../../src/serve/inference.ts";
import { mountWkr, type MountWkrOptions } from "../../../../src/serve/wkr/routes.ts";
import { FakeModels, type FakeModel, type FakePredict } from "../../../support/fake-models.ts";

/** The ancestor's HTTP on a free port of this process, with models that are functions. */
export async function startWkr(
  models: Models | Record<string, FakeModel | FakePredict>,
  options: Partial<MountWkrOptions> = {},
): Promise<ListeningApp> {
  const isServed = typeof models.get === "function" && "list" in models;
  const served = isServed
    ? (models as Models)
    : new FakeModels(models as Record<string, FakeModel | FakePredict>);
  const app = createApp({ health: { isLive: () => true, isReady: () => true } });
  const face = mountWkr(app, served, {
    status: () => ({ num_worker_process: 2 }),
    fetchHosts: [],
    ...options,
  });
  const server = await listenHttp(app, { host: "127.0.0.1", port: 0, token: undefined });
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      face[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** The same models, and what they are given. */
export function watched(models: Models): { models: Models; payloads: Payload[] } {
  const payloads: Payload[] = [];
  const get: Models["get"] = (name, version) => {
    const model = models.get(name, version);
    return {
      facts: model.facts,
      infer(request) {
        payloads.push(request.payload);
        return model.infer(request);
      },
      stream: (request) => model.stream(request),
    };
  };
  return {
    payloads,
    models: {
      get,
      list: () => models.list(),
      load: (...given) => models.load(...given),
      unload: (...given) => models.unload(...given),
    },
  };
}

/** What an answer says. */
export interface Told {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** Sends a body, and reads the JSON that comes back. */
export async function post(url: string, init: RequestInit): Promise<Told> {
  const response = await fetch(url, { method: "POST", ...init });
  const { status, headers } = response;
  return { status, headers, body: (await response.json()) as Record<string, unknown> };
}

export const JSON_TYPE = { "Content-Type": "application/json" };

/** What `curl -d` says of its body, whatever it is. */
export const CURL_TYPE = { "Content-Type": "application/x-www-form-urlencoded" };

/** What fetch() of node, Deno and browsers says of a text. */
export const FETCH_TYPE = { "Content-Type": "text/plain;charset=UTF-8" };

/** A multipart form with one file. */
export function fileForm(name: string, bytes: Uint8Array<ArrayBuffer>): FormData {
  const form = new FormData();
  form.append(name, new Blob([bytes]), "image.jpg");
  return form;
}
