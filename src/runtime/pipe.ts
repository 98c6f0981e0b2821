/** What happens on a pipe; set once, when it is opened. */
export interface PipeEvents {
  /** What came in, in pieces of any size; the bytes are the receiver's own. */
  bytes(piece: Uint8Array): void;
  /** The system takes more again: after it took too little, and once when the pipe has opened. */
  room(): void;
  /** Once: the other process has closed its end, or is gone. */
  closed(): void;
}

/** A stream of bytes in both directions between two processes of one machine. */
export interface Pipe {
  /** Hands the first `length` bytes to the system, which copies them; gives how many of them it took. */
  write(bytes: Uint8Array, length: number): number;
  /** What the system has taken still arrives; nothing is read any more. */
  end(): void;
}

/** Opens the pipe that this process has at a file descriptor, which is the pipe's from then on. Bun only. */
export function openPipe(fd: number, events: PipeEvents): Pipe {
  let socket: Bun.Socket | undefined;
  let isEnded = false;
  const closed = (): void => {
    if (!isEnded) events.closed();
    isEnded = true;
  };
  const opened = Bun.connect({
    fd,
    socket: {
      binaryType: "uint8array",
      data: (_socket, bytes: Uint8Array) => void (isEnded || events.bytes(bytes)),
      drain: () => void (isEnded || events.room()),
      close: closed,
      error: closed,
    },
    // The types of `connect` leave out what those of its options know.
  } satisfies Bun.FdSocketOptions as unknown as Bun.UnixSocketOptions);
  opened.then((open) => {
    socket = open;
    if (isEnded) open.end();
    else events.room();
  }, closed);
  return {
    write: (bytes, length) => Math.max(0, socket?.write(bytes, 0, length) ?? 0),
    end() {
      isEnded = true;
      socket?.end();
    },
  };
}
