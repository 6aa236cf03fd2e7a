import { systemClock } from "#runtime/clock.ts";
import { Redacted } from "#runtime/redacted.ts";
import { isObject, type JsonObject, parseJson } from "./call/json.ts";
import type { GatewayClientOptions } from "./client.ts";
import { type Connect, type Connection, connector } from "./http/connection.ts";
import type { Transport, TransportResponse } from "./http/request.ts";
import { HttpTransport } from "./http/transport.ts";

export interface Invocation {
  /** Of an endpoint in the client's workspace. */
  readonly endpoint_name: string;
  /** Such as `{ messages: [...], max_tokens: 1 }` for a chat, or `{ input: "..." }` for embeddings. */
  readonly body: JsonObject;
}

/**
 * What came of a call, and never a word of the answer: it can repeat the key.
 *
 * - `completed`: a model has answered
 * - `key-refused`: the provider does not accept the key
 * - `login-refused`: MLflow, or what stands before it, did not let us in
 * - `failed`: anything else, such as 429 of the provider or of an exhausted budget
 */
export interface InvocationAnswer {
  readonly outcome: "completed" | "key-refused" | "login-refused" | "failed";
  /** Of HTTP, as the gateway answered. */
  readonly status: number;
}

const OPERATION = "invokeEndpoint";
const TIMEOUT_MS = 30_000;

/**
 * Calls endpoints of the gateway, as their users do. Not part of the published client, which
 * manages the gateway and calls no model.
 */
export class InvocationClient {
  readonly #options: GatewayClientOptions<string>;
  readonly #connect: Connect;
  readonly #transport: Transport;

  constructor({ transport = new HttpTransport(), ...options }: GatewayClientOptions<string>) {
    this.#options = { ...options, transport };
    this.#connect = connector(options);
    this.#transport = transport;
  }

  /** As `GatewayClient.within`. */
  within(signal: AbortSignal): InvocationClient {
    const { signal: own } = this.#options;
    const both = own ? AbortSignal.any([own, signal]) : signal;
    return new InvocationClient({ ...this.#options, signal: both });
  }

  /**
   * Sent once, as each call may cost. Throws a `GatewayCallError` when there is no answer, be it that
   * the time was over.
   */
  async invoke(invocation: Invocation): Promise<InvocationAnswer> {
    const { signal } = this.#options;
    const connection = await this.#connect(signal);
    const answer = await this.#send(connection, invocation);
    // The login may just have been changed, and nobody but us was turned away.
    if (answer.outcome !== "login-refused" || !connection.isRenewable) return answer;
    const renewed = await this.#connect(signal);
    return renewed.isSameLogin(connection) ? answer : await this.#send(renewed, invocation);
  }

  async #send(
    { base, headers }: Connection,
    { endpoint_name, body }: Invocation,
  ): Promise<InvocationAnswer> {
    const { timeoutMs = TIMEOUT_MS, clock = systemClock, onRequest, signal } = this.#options;
    const startedAtMs = clock.nowMs();
    let answer: InvocationAnswer | undefined;
    try {
      const response = await this.#transport.send({
        operation: OPERATION,
        method: "POST",
        url: new URL(`${base}/gateway/${encodeURIComponent(endpoint_name)}/mlflow/invocations`),
        headers,
        body: new Redacted(JSON.stringify(body)),
        isIdempotent: false,
        timeoutMs,
        signal,
      });
      answer = { outcome: outcomeOf(response), status: response.status };
      return answer;
    } finally {
      // The provider's 401 is no reason to doubt our login.
      const status = answer?.outcome === "key-refused" ? undefined : answer?.status;
      onRequest?.(OPERATION, clock.nowMs() - startedAtMs, status);
    }
  }
}

/**
 * What the provider said, MLflow (3.17) passes on with the provider's own status, as JSON with
 * `detail`. Its own login refuses in plain text, with 401 or 403: before anything is called.
 */
function outcomeOf({ status, headers, body }: TransportResponse): InvocationAnswer["outcome"] {
  const parsed = parseJson(body);
  const answer = isObject(parsed) ? parsed : {};
  if (status >= 200 && status < 300) return isCompletion(answer) ? "completed" : "failed";
  if (status === 401 || status === 403) {
    const isLogins = answer.detail === undefined || headers["www-authenticate"] !== undefined;
    return isLogins ? "login-refused" : "key-refused";
  }
  return status === 400 && speaksOfKey(answer.detail) ? "key-refused" : "failed";
}

/** A page with 200, such as a proxy's login, is no answer of a model. */
function isCompletion({ choices, data }: JsonObject): boolean {
  return Array.isArray(choices) || Array.isArray(data);
}

/** Google answers 400 to a key that is wrong ("API key not valid", `API_KEY_INVALID`) or expired. */
const REFUSAL =
  /\bapi[ _-]?key[ _-](is[ _-])?(not[ _-]valid|invalid|expired)\b|\b(invalid|incorrect|expired|wrong)[ _-]api[ _-]?key\b/i;

function speaksOfKey(detail: unknown): boolean {
  return detail !== undefined && REFUSAL.test(JSON.stringify(detail));
}
