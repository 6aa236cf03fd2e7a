import type { Agent } from "node:http";
import type { Socket } from "node:net";

/** MLflow closes a connection that was idle for 5 s; a request that meets the end of it is lost. */
const IDLE_MS = 3000;
/** Of an agent whose connections are used again. */
export const POOL_OPTIONS = { keepAlive: true, maxFreeSockets: 8 };

/** Connections that are used again; not by requests that come too late for them. */
export class ConnectionPool {
  readonly #agent: Agent;
  readonly #freedAtMs = new WeakMap<object, number>();

  constructor(agent: Agent) {
    this.#agent = agent;
    agent.on("free", (socket: Socket) => this.#freedAtMs.set(socket, Date.now()));
  }

  /**
   * The agent to send with. Closes what was idle for too long first; by the clock and not by a
   * timer, because a frozen Lambda wakes up with its timers and its sockets equally late.
   */
  open(): Agent {
    this.#close(Date.now() - IDLE_MS);
    return this.#agent;
  }

  /** Closes the connections that no request uses at the moment. */
  close(): void {
    this.#close(Number.POSITIVE_INFINITY);
  }

  #close(freedBeforeMs: number): void {
    for (const socket of Object.values(this.#agent.freeSockets).flat()) {
      if (socket && (this.#freedAtMs.get(socket) ?? 0) < freedBeforeMs) socket.destroy();
    }
  }
}
