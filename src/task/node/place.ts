import { parseAddress } from "../../config/address.ts";

/** Where another node says that it listens: that may be anything. Undefined for what is no address. */
export function placeOf(address: string): ReturnType<typeof parseAddress> | undefined {
  try {
    return parseAddress(address);
  } catch {
    return undefined;
  }
}
