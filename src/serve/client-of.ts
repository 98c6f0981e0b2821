/** A header by which a client of HTTP says who it is: requests of different ones are served in turns. */
export const CLIENT_HEADER = "Ding-Client";

/** As much of a name as is kept: it is a key in the queue and in the statistics. */
const MOST_CHARACTERS = 1_024;

/** Who asks: as it says in the header Ding-Client, at most 1,024 characters of it, or where it asks from. */
export function clientOf(headers: Headers, { remoteAddress }: { remoteAddress: string }): string {
  return headers.get(CLIENT_HEADER)?.slice(0, MOST_CHARACTERS) || remoteAddress;
}
