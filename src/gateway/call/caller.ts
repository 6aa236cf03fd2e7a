import {
  failedCall,
  GatewayAbortedError,
  GatewayCallError,
  GatewayResponseError,
  GatewayStatusError,
  GatewayTimeoutError,
} from "#gateway/errors.ts";
import type { Connect, Connection } from "#gateway/http/connection.ts";
import { isTimeOver } from "#gateway/http/exchange.ts";
import type { Transport, TransportRequest, TransportResponse } from "#gateway/http/request.ts";
import { isRepeatable, type RetryPolicy, retryDelayMs } from "#gateway/http/retry.ts";
import type { Slots } from "#gateway/http/slots.ts";
import type { FieldsOf, Operation, OperationName, Operations } from "#gateway/operations.ts";
import type { PlainClock } from "#runtime/clock.ts";
import { Redacted } from "#runtime/redacted.ts";
import { statusError } from "./failure.ts";
import { isObject, type JsonObject, parseJson } from "./json.ts";
import { type KnownVersion, VersionGuard } from "./version-guard.ts";

/** Told of each request that ended; `status` is undefined when there was no answer. */
export type RequestObserver<N extends string = OperationName> = (
  operation: N,
  durationMs: number,
  status: number | undefined,
) => void;

export interface CallerOptions<N extends string> {
  readonly operations: Readonly<Record<N, Operation>>;
  readonly connect: Connect;
  readonly transport: Transport;
  /** Of requests in flight. */
  readonly slots: Slots;
  readonly clock: PlainClock;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly policy: RetryPolicy;
  /** Of one attempt. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onRequest: RequestObserver<N> | undefined;
}

export interface CallOptions {
  /** The fields hold a secret value: nothing of the answer may come back in an error. */
  readonly isSecret?: boolean;
  /** Several calls that share their attempts. @default a new one */
  readonly retryBudget?: RetryBudget;
}

/** Attempts that were made; see {@link Caller.begin}. */
export interface RetryBudget {
  readonly startedAtMs: number;
  attempts: number;
}

/** What was learnt of the server, for all that speak with it. */
interface ServerFacts extends KnownVersion {
  /** How far the server's clock is ahead of ours, by the latest answer. */
  clockLeadMs: number;
}

interface Outgoing<N extends string> extends Operation {
  readonly name: N;
  readonly fields: JsonObject;
  readonly isSecret: boolean;
  readonly retryBudget: RetryBudget;
}

/** Carries out one operation: address, attempts, and the choice between answer and error. */
export class Caller<T extends Operations = Operations> {
  readonly #options: CallerOptions<keyof T & string>;
  readonly #guard: VersionGuard;
  readonly #server: ServerFacts;

  constructor(options: CallerOptions<keyof T & string>, server: ServerFacts = { clockLeadMs: 0 }) {
    this.#options = options;
    this.#server = server;
    this.#guard = new VersionGuard(() => this.text("getVersion"), server);
  }

  /** The same, with its connections and all that it learnt; its calls end with the signal too. */
  within(signal: AbortSignal): Caller<T> {
    const { signal: own } = this.#options;
    const both = own ? AbortSignal.any([own, signal]) : signal;
    return new Caller({ ...this.#options, signal: both }, this.#server);
  }

  /** The JSON object of the answer; fields that are undefined or null are left out. Throws a `GatewayCallError`. */
  async call<N extends keyof T & string>(
    name: N,
    fields?: FieldsOf<T, N>,
    options?: CallOptions,
  ): Promise<JsonObject> {
    const answer = parseJson(await this.text(name, fields, options));
    if (isObject(answer)) return answer;
    throw new GatewayResponseError(name, "was not answered with a JSON object");
  }

  /** The answer as it came, for the few operations that answer in plain text. */
  async text<N extends keyof T & string>(
    name: N,
    fields: FieldsOf<T, N> = {} as FieldsOf<T, N>,
    { isSecret = false, retryBudget = this.begin() }: CallOptions = {},
  ): Promise<string> {
    const operation: Operation = this.#options.operations[name];
    const outgoing = { ...operation, name, fields, isSecret, retryBudget };
    const { effect } = outgoing;
    await this.#guard.check(name, fields);
    for (let mayBeDone = false; ; ) {
      const result = await this.#attempt(outgoing);
      if (!(result instanceof GatewayCallError)) return result.body;
      // An earlier attempt whose answer was lost has removed it.
      if (effect === "remove" && mayBeDone && result.code === "gateway-not-found") return "{}";
      mayBeDone ||= result.isOutcomeUnknown;
      if (!isRepeatable(result, effect) || !(await this.pause(retryBudget, result))) {
        throw await this.#guard.explain(name, result);
      }
    }
  }

  begin(): RetryBudget {
    return { startedAtMs: this.#options.clock.nowMs(), attempts: 0 };
  }

  /** Waits before the next attempt; false, and soon, when there shall be none. */
  async pause({ attempts }: RetryBudget, failure: GatewayCallError): Promise<boolean> {
    const { clock, policy, random, signal } = this.#options;
    const delayMs = retryDelayMs(policy, {
      attempt: attempts,
      retryAfterMs: failure instanceof GatewayStatusError ? failure.retryAfterMs : undefined,
      random: random(),
    });
    if (delayMs === undefined || signal?.aborted) return false;
    await clock.sleep(delayMs, signal);
    return signal?.aborted !== true;
  }

  /** What the server's clock showed at a time of ours. */
  serverTimeMs(ourTimeMs: number): number {
    return ourTimeMs + this.#server.clockLeadMs;
  }

  /** The name that we log in with, if there is one. */
  async username(): Promise<string | undefined> {
    const { connect, signal } = this.#options;
    return (await connect(signal)).username;
  }

  /**
   * One request; a failed call is a result here, because the loop decides about it. A login that
   * the server refuses is asked for once more, as it may just have been changed: a 401 means that
   * nothing was done.
   */
  async #attempt(
    outgoing: Outgoing<keyof T & string>,
  ): Promise<TransportResponse | GatewayCallError> {
    const { connect, slots, signal } = this.#options;
    const release = await slots.acquire();
    try {
      outgoing.retryBudget.attempts += 1;
      const connection = await connect(signal);
      const result = await this.#exchange(connection, outgoing);
      const isRefused =
        result instanceof GatewayCallError && result.code === "gateway-unauthorised";
      if (!isRefused || !connection.isRenewable) return result;
      const renewed = await connect(signal);
      return renewed.isSameLogin(connection) ? result : await this.#exchange(renewed, outgoing);
    } finally {
      release();
    }
  }

  async #exchange(
    connection: Connection,
    outgoing: Outgoing<keyof T & string>,
  ): Promise<TransportResponse | GatewayCallError> {
    const { transport, clock, signal, onRequest } = this.#options;
    const { name, isSecret } = outgoing;
    if (signal?.aborted) return unsent(name, signal);
    const request = this.#request(connection, outgoing);
    const startedAtMs = clock.nowMs();
    let status: number | undefined;
    try {
      const response = await transport.send(request);
      status = response.status;
      this.#learnClock(response);
      if (status >= 200 && status < 300) return response;
      return statusError(response, {
        operation: name,
        url: request.url,
        nowMs: clock.nowMs(),
        credentials: connection.secretValues.reveal(),
        isSecret,
      });
    } catch (error) {
      return failedCall(error);
    } finally {
      onRequest?.(name, clock.nowMs() - startedAtMs, status);
    }
  }

  #request(
    connection: Connection,
    { name, method, path, effect, fields }: Outgoing<string>,
  ): TransportRequest {
    const { timeoutMs, signal } = this.#options;
    const url = new URL(connection.base + path);
    if (method === "GET") {
      for (const [key, value] of Object.entries(fields)) {
        if (value != null) url.searchParams.set(key, String(value));
      }
    }
    return {
      operation: name,
      method,
      url,
      headers: connection.headers,
      // Not in the query for a DELETE either: there the server does not look.
      body:
        method === "GET"
          ? undefined
          : new Redacted(JSON.stringify(fields, (_, value) => value ?? undefined)),
      isIdempotent: effect !== "create",
      timeoutMs,
      signal,
    };
  }

  #learnClock({ headers }: TransportResponse): void {
    const dateMs = Date.parse(headers.date ?? "") + HALF_A_SECOND_MS;
    if (!Number.isNaN(dateMs)) this.#server.clockLeadMs = dateMs - this.#options.clock.nowMs();
  }
}

function unsent(operation: string, signal: AbortSignal): GatewayCallError {
  const facts = { cause: signal.reason };
  return isTimeOver(signal)
    ? new GatewayTimeoutError(operation, "was not sent: its caller's time was over", facts)
    : new GatewayAbortedError(operation, "was ended by its caller before it was sent", facts);
}

/** The header has whole seconds, cut off: on average the time was this much later. */
const HALF_A_SECOND_MS = 500;
