import type { Clock } from "#runtime/clock.ts";
import { Redacted } from "#runtime/redacted.ts";
import type { Connection } from "./connection.ts";
import {
  GatewayAbortedError,
  GatewayCallError,
  GatewayResponseError,
  GatewayStatusError,
} from "./errors.ts";
import { statusError } from "./failure.ts";
import { OPERATIONS, type OperationName } from "./operations.ts";
import { isObject, type JsonObject, parseJson } from "./read.ts";
import { isRepeatable, type RetryPolicy, retryDelayMs } from "./retry.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";

/** Told of each request that ended; `status` is undefined when there was no answer. */
export type RequestObserver = (
  operation: OperationName,
  durationMs: number,
  status: number | undefined,
) => void;

export interface CallerOptions {
  readonly connect: () => Promise<Connection>;
  readonly transport: Transport;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly policy: RetryPolicy;
  /** Of one attempt. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onRequest: RequestObserver | undefined;
}

export interface CallInput {
  /** Fields that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: JsonObject;
  /** Values in the body that must not come back in an error. */
  readonly secretValues?: readonly string[];
}

/** Carries out one operation: address, attempts, and the choice between answer and error. */
export class Caller {
  readonly #options: CallerOptions;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** The JSON object of the answer. Throws a `GatewayCallError`. */
  async call(name: OperationName, input: CallInput = {}): Promise<JsonObject> {
    const answer = parseJson(await this.text(name, input));
    if (isObject(answer)) return answer;
    throw new GatewayResponseError(name, "was answered with something that is not a JSON object");
  }

  /** The answer as it came, for the few operations that answer in plain text. */
  async text(name: OperationName, input: CallInput = {}): Promise<string> {
    const { clock, policy, random } = this.#options;
    const startedAtMs = clock.nowMs();
    for (let attempt = 1; ; attempt += 1) {
      const remainingMs = policy.totalMs - (clock.nowMs() - startedAtMs);
      const result = await this.#attempt(name, input, remainingMs);
      if (!(result instanceof GatewayCallError)) return result.body;
      if (!isRepeatable(result, OPERATIONS[name].isIdempotent)) throw result;
      const delayMs = retryDelayMs(policy, {
        attempt,
        elapsedMs: clock.nowMs() - startedAtMs,
        retryAfterMs: result instanceof GatewayStatusError ? result.retryAfterMs : undefined,
        random: random(),
      });
      if (delayMs === undefined) throw result;
      await clock.sleep(delayMs);
    }
  }

  /** One request; a failed call is a result here, because the loop decides about it. */
  async #attempt(
    name: OperationName,
    input: CallInput,
    remainingMs: number,
  ): Promise<TransportResponse | GatewayCallError> {
    const { connect, transport, clock, signal, onRequest } = this.#options;
    if (signal?.aborted) {
      const facts = { isOutcomeUnknown: false, cause: signal.reason };
      return new GatewayAbortedError(name, "was ended by its caller before it was sent", facts);
    }
    const connection = await connect();
    const request = this.#request(connection, name, input, remainingMs);
    const startedAtMs = clock.nowMs();
    let status: number | undefined;
    try {
      const response = await transport.send(request);
      status = response.status;
      if (status >= 200 && status < 300) return response;
      return statusError(response, {
        operation: name,
        url: request.url,
        nowMs: clock.nowMs(),
        secretValues: [...connection.secretValues.reveal(), ...(input.secretValues ?? [])],
      });
    } catch (error) {
      if (error instanceof GatewayCallError) return error;
      throw error;
    } finally {
      onRequest?.(name, clock.nowMs() - startedAtMs, status);
    }
  }

  #request(
    connection: Connection,
    name: OperationName,
    input: CallInput,
    remainingMs: number,
  ): TransportRequest {
    const { timeoutMs, signal } = this.#options;
    const { method, path } = OPERATIONS[name];
    const url = new URL(connection.base + path);
    for (const [key, value] of Object.entries(input.query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, String(value));
    }
    return {
      operation: name,
      method,
      url,
      headers: connection.headers,
      body: input.body && new Redacted(JSON.stringify(input.body)),
      timeoutMs: Math.min(timeoutMs, Math.max(1, Math.ceil(remainingMs))),
      signal,
    };
  }
}
