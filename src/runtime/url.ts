/** The URL under which a host and port are reached; IPv6 addresses get their brackets. */
export function urlOf(host: string, port: number, tls?: object): string {
  return `${tls ? "https" : "http"}://${bracketed(host)}:${port}`;
}

/** A host as it stands before `:PORT`. */
export function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
