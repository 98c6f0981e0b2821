/** The base URL of a slave. */
export function urlOf({ host, port }: { host: string; port: number }, isTls: boolean): string {
  return `${isTls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
