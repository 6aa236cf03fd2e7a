import { Agent, type AgentOptions } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { ConnectionPool, POOL_OPTIONS } from "./connection-pool.ts";
import { exchange, noProgress, type Progress } from "./exchange.ts";
import type { Transport, TransportRequest, TransportResponse } from "./request.ts";
import { isStalling, NO_HISTORY, type ReuseHistory, remember, wantsProbe } from "./stall.ts";

export interface HttpTransportOptions {
  /** A longer answer is refused. @default 64 MiB */
  readonly responseBytesMax?: number;
  /**
   * `fresh`: each request opens a connection of its own. `kept`: connections are used again.
   * `auto`: kept with TLS and fresh without. Kept ones are given up for good when the server is
   * seen to answer late on them (stall.ts).
   * @default auto
   */
  readonly connections?: "auto" | "fresh" | "kept";
  /**
   * Makes the agents that connect, such as through a proxy; they must heed the options.
   * @default Node's own, which connect straight
   */
  readonly agent?: ((options: AgentOptions) => Agent) | undefined;
}

const RESPONSE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * HTTP on Node's own modules: `fetch` costs a Lambda 17 ms more at its cold start. Without TLS each
 * request opens a connection of its own, because an MLflow server with several workers (the
 * default) delays each request on a kept one by about 45 ms, and closes idle ones after 5 s.
 */
export class HttpTransport implements Transport {
  readonly #responseBytesMax: number;
  /** `fresh` for good once kept ones are given up. */
  #connections: "auto" | "fresh" | "kept";
  readonly #agent: HttpTransportOptions["agent"];
  #pool: ConnectionPool | undefined;
  #history: ReuseHistory = NO_HISTORY;

  constructor({
    responseBytesMax = RESPONSE_BYTES_MAX,
    connections = "auto",
    agent,
  }: HttpTransportOptions = {}) {
    this.#responseBytesMax = responseBytesMax;
    this.#connections = connections;
    this.#agent = agent;
  }

  async send(request: TransportRequest): Promise<TransportResponse> {
    const timeout = AbortSignal.timeout(request.timeoutMs);
    const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout;
    const attempt = (pooled: Agent | undefined, progress: Progress) =>
      exchange(request, {
        agent: pooled ?? this.#agent?.({}),
        signal,
        timeout,
        progress,
        bytesMax: this.#responseBytesMax,
      });
    const pooled = this.#pooled(request);
    const progress = noProgress();
    try {
      const response = await attempt(pooled, progress);
      if (pooled) this.#learn(request.operation, progress);
      return response;
    } catch (error) {
      // The server closed the kept connection just then. A create may have got through: look first.
      const isStale = progress.isReused && !progress.isAnswered && !signal.aborted;
      if (!isStale || !request.isIdempotent) throw error;
      return await attempt(undefined, { ...noProgress(), isConnected: true });
    }
  }

  /** Undefined for a connection of its own. */
  #pooled({ url: { protocol }, operation }: TransportRequest): Agent | undefined {
    const isSecure = protocol === "https:";
    const isKept = this.#connections === "kept" || (this.#connections === "auto" && isSecure);
    if (!isKept) return undefined;
    this.#pool ??= new ConnectionPool(
      this.#agent?.(POOL_OPTIONS) ?? new (isSecure ? HttpsAgent : Agent)(POOL_OPTIONS),
    );
    if (wantsProbe(this.#history, operation)) this.#pool.close();
    return this.#pool.open();
  }

  #learn(operation: string, { isReused, answerMs }: Progress): void {
    this.#history = remember(this.#history, { operation, isReused, answerMs });
    if (isStalling(this.#history)) this.#connections = "fresh";
    if (this.#connections === "fresh") this.#pool?.close();
  }
}
