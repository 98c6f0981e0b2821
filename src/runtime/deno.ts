/** What this room uses of Deno; Bun brings its own types. */
export interface DenoApi {
  serve(
    options: {
      hostname: string;
      port: number;
      cert?: string;
      key?: string;
      onListen(): void;
    },
    handler: (
      request: Request,
      info: { remoteAddr: { hostname: string } },
    ) => Response | Promise<Response>,
  ): { addr: { port: number }; shutdown(): Promise<void>; unref(): void };
  upgradeWebSocket(
    request: Request,
    options: { idleTimeout: number },
  ): { socket: WebSocket; response: Response };
  createHttpClient(options: { caCerts?: string[]; cert?: string; key?: string }): object;
}

/** Deno's global, when that is what runs us. */
export const deno: DenoApi | undefined = (globalThis as { Deno?: DenoApi }).Deno;
