import { decodeMessages, encodeMessage, type Message } from "../../../../src/rpc/message.ts";
import { type IncomingCall, Peer } from "../../../../src/rpc/peer.ts";

/** Two ends of a conversation in one process; messages go as bytes, as over a socket. */
export interface LinkedPeers {
  worker: Peer;
  coordinator: Peer;
  /** What both have said together, in bytes. */
  readonly bytes: number;
  end: () => void;
}

/** Links them; each end answers with its function. */
export function linkedPeers(answers: {
  worker?: (call: IncomingCall) => void;
  coordinator: (call: IncomingCall) => void;
}): LinkedPeers {
  let bytes = 0;
  let isOpen = true;
  const portTo = (other: () => Peer): { send: (message: Message) => void } => ({
    send(message) {
      const frame = encodeMessage(message);
      bytes += frame.length;
      queueMicrotask(() => {
        if (isOpen) decodeMessages(frame, (received) => other().receive(received));
      });
    },
  });
  const worker: Peer = new Peer(
    portTo(() => coordinator),
    { call: (call) => answers.worker?.(call) },
  );
  const coordinator: Peer = new Peer(
    portTo(() => worker),
    { call: answers.coordinator },
  );
  return {
    worker,
    coordinator,
    get bytes() {
      return bytes;
    },
    end() {
      isOpen = false;
      const error = { code: "network.closed", message: "The link has ended" };
      worker.end(error);
      coordinator.end(error);
    },
  };
}
