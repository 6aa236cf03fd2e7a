import type { Writable } from "node:stream";

/** The reader went away, as `head` does, or the terminal was closed: nobody wants more. */
const GONE = ["EPIPE", "EIO", "ECONNRESET", "ERR_STREAM_DESTROYED"];

/**
 * From now on no stream that cannot be written ends the process: what is under way must come to its
 * end. Returns what to say of text that somebody may miss, such as on a full disk.
 */
export function tolerateLoss(streams: Readonly<Record<string, Writable>>): () => readonly string[] {
  const lost = new Map<string, string>();
  for (const [name, stream] of Object.entries(streams)) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      const code = error.code ?? error.message;
      if (!GONE.includes(code)) lost.set(name, `${name} cannot be written: ${code}`);
    });
  }
  return () => [...lost.values()];
}
