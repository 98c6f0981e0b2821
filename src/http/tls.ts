/** What a TLS end shows and trusts, as text in PEM; for a server and for a client. */
export interface TlsOptions {
  cert?: string | undefined;
  key?: string | undefined;
  /** Whom to trust instead of the system's authorities; a server with it asks its clients for a certificate. */
  ca?: string | undefined;
}
