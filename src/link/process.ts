import { DingError } from "../core/errors.ts";
import { parentChannel, type Channel, type ChildProcess } from "../runtime/child-process.ts";
import { IpcLink } from "./ipc.ts";
import type { Link } from "./link.ts";
import { PipeLink } from "./pipe.ts";

/** The link to a child; once for each. */
export function childLink({ pid, channel }: ChildProcess): Link {
  return linkOver(channel, `pid ${pid}`);
}

/** The link to the process that started this one, which is to be a child. */
export function parentLink(): Link {
  const channel = parentChannel();
  if (!channel) throw new DingError("internal.bug", "Cannot speak with the parent: it is not ding");
  return linkOver(channel, "parent");
}

function linkOver(channel: Channel, peer: string): Link {
  return channel.kind === "pipe"
    ? new PipeLink(peer, channel.open)
    : new IpcLink(peer, channel.port);
}
