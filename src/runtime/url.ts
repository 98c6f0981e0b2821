/** The URL under which a host and port are reached; IPv6 addresses get their brackets. */
export function urlOf(host: string, port: number, tls?: object): string {
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return `${tls ? "https" : "http"}://${name}:${port}`;
}
