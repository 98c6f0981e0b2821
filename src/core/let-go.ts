/** From here on memory is worth the call. */
const LARGE_BYTES = 32 * 1024;

/**
 * Gives the memory behind these bytes back at once, where it is large: what waits for the collector makes a server
 * that is busy with large bodies touch ever new memory. Nobody may read them, or a view of them, any more.
 */
export function letGo({ buffer }: Uint8Array): void {
  if (buffer.byteLength >= LARGE_BYTES && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
