import { createApp } from "../../src/http/app.ts";
import { listenHttp } from "../../src/http/listen.ts";
import { systemClock } from "../../src/core/clock.ts";
import { NativeSockets, type NativeSocketsOptions } from "../../src/serve/native/native-sockets.ts";
import { mountNative } from "../../src/serve/native/routes.ts";
import type { ServerTls } from "../../src/runtime/http-server.ts";
import type { Models } from "../../src/serve/inference.ts";
import { FakeModels, type FakeModel, type FakePredict } from "./fake-models.ts";

/** What a test may choose. */
export interface NativeServerOptions extends Partial<NativeSocketsOptions> {
  port?: number;
  token?: string;
  tls?: ServerTls;
  limitBytes?: number;
}

/** The native protocol on a port of this process. */
export interface NativeServer extends AsyncDisposable {
  readonly port: number;
  readonly address: string;
  readonly url: string;
  readonly native: NativeSockets;
  /** From now on new requests are refused; resolves when the rest is answered. */
  drain(): Promise<void>;
}

/** Serves models on a free port. */
export async function startNative(
  models: Models | Record<string, FakeModel | FakePredict> | FakePredict,
  { port = 0, token, tls, limitBytes, ...options }: NativeServerOptions = {},
): Promise<NativeServer> {
  const served = modelsOf(models);
  let isStopping = false;
  const native = new NativeSockets(served, {
    isStopping: () => isStopping,
    status: () => ({ models: served.list().map(({ name }) => name), open: native.desk.open }),
    clock: systemClock,
    ...options,
  });
  const app = createApp({ health: { isLive: () => true, isReady: () => true }, token });
  mountNative(app, served, { desk: native.desk, limitBytes });
  const listening = await listenHttp(app, {
    host: "127.0.0.1",
    port,
    token,
    tls,
    sockets: native.sockets,
  });
  return {
    port: listening.port,
    address: listening.address,
    url: listening.url,
    native,
    drain() {
      isStopping = true;
      return native.drained();
    },
    async [Symbol.asyncDispose]() {
      await native[Symbol.asyncDispose]();
      await listening[Symbol.asyncDispose]();
    },
  };
}

function modelsOf(models: Models | Record<string, FakeModel | FakePredict> | FakePredict): Models {
  if (typeof models === "function") return new FakeModels({ model: models });
  return "get" in models && typeof models.get === "function"
    ? (models as Models)
    : new FakeModels(models as Record<string, FakeModel | FakePredict>);
}
