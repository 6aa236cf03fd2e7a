import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const LATE_MS = 25_000;
const TRICKLE_MS = 1000;

/** Ways in which a server keeps its callers waiting. */
const WAYS = {
  "accepts and never answers": () => createServer(() => undefined),
  "trickles a byte a second": () =>
    createServer((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const timer = setInterval(() => response.write(" "), TRICKLE_MS);
      response.on("close", () => clearInterval(timer));
    }),
  "answers after 25 s": () =>
    createServer(async (_, response) => {
      await sleep(LATE_MS, undefined, { ref: false });
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    }),
} satisfies Record<string, () => Server>;

export type SlowWay = keyof typeof WAYS;

export const SLOW_WAYS = Object.keys(WAYS) as SlowWay[];

/** A server on a real socket; whatever is asked of it lasts. */
export async function startSlowServer(way: SlowWay) {
  const server = WAYS[way]();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
