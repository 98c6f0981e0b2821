import { DingError } from "../../core/errors.ts";
import { formatAddress, type SlaveAddress } from "./slave-list.ts";

const MAX_AT_A_TIME = 64;

/** What became of asking one slave. */
export type Asked<T> = { slave: string } & ({ answer: T } | { error: DingError });

/** Asks every slave, many at a time; the answers are in the order of the slaves. */
export async function askAll<T>(
  addresses: readonly SlaveAddress[],
  ask: (address: SlaveAddress) => Promise<T>,
): Promise<Asked<T>[]> {
  const asked: Asked<T>[] = [];
  const entries = addresses.entries();
  const askSome = async (): Promise<void> => {
    for (const [index, address] of entries) {
      const slave = formatAddress(address);
      asked[index] = await ask(address).then(
        (answer) => ({ slave, answer }),
        (thrown: unknown) => ({ slave, error: DingError.from(thrown) }),
      );
    }
  };
  await Promise.all(Array.from({ length: MAX_AT_A_TIME }, askSome));
  return asked;
}
