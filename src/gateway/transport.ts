import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Redacted } from "#runtime/redacted.ts";
import {
  GatewayAbortedError,
  GatewayNetworkError,
  GatewayResponseError,
  GatewayTimeoutError,
} from "./errors.ts";

export interface TransportRequest {
  /** Names the call in errors. */
  readonly operation: string;
  readonly method: string;
  readonly url: URL;
  /** Redacted because they hold the credentials. */
  readonly headers: Redacted<Readonly<Record<string, string>>>;
  /** JSON text; redacted because it may hold a secret value. */
  readonly body: Redacted<string> | undefined;
  /** From opening the connection to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface TransportResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Carries one request and brings back the answer, whatever its status; redirects are an answer
 * too, never followed. Throws a `GatewayCallError` when there is none.
 */
export interface Transport {
  send(request: TransportRequest): Promise<TransportResponse>;
}

const MIB = 1024 * 1024;
const RESPONSE_BYTES_MAX = 64 * MIB;

/**
 * HTTP on Node's own modules: `fetch` costs a Lambda 17 ms more at its cold start. Each request
 * opens a connection of its own, because an MLflow server with several workers (the default)
 * delays each request on a kept one by about 45 ms, and closes idle ones after 5 s.
 */
export class HttpTransport implements Transport {
  readonly #responseBytesMax: number;

  constructor({ responseBytesMax = RESPONSE_BYTES_MAX }: { responseBytesMax?: number } = {}) {
    this.#responseBytesMax = responseBytesMax;
  }

  async send(request: TransportRequest): Promise<TransportResponse> {
    const timeout = AbortSignal.timeout(request.timeoutMs);
    const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout;
    const progress: Progress = { isConnected: false };
    try {
      return await exchange(request, { signal, progress, bytesMax: this.#responseBytesMax });
    } catch (error) {
      if (error instanceof GatewayResponseError) throw error;
      throw failureOf(request, error, { isOutcomeUnknown: progress.isConnected, timeout });
    }
  }
}

/** Before the connection stands no byte of the request has left, so the server cannot have acted. */
interface Progress {
  isConnected: boolean;
}

interface Exchange {
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly bytesMax: number;
}

function exchange(
  { operation, method, url, headers, body }: TransportRequest,
  { signal, progress, bytesMax }: Exchange,
): Promise<TransportResponse> {
  const isSecure = url.protocol === "https:";
  const content = body === undefined ? undefined : Buffer.from(body.reveal());
  return new Promise((resolve, reject) => {
    const outgoing = (isSecure ? requestHttps : requestHttp)(url, {
      method,
      signal,
      agent: false,
      headers: {
        ...headers.reveal(),
        connection: "close",
        accept: "application/json",
        // Written out, because Node would send the body of a DELETE without its length.
        ...(content && { "content-type": "application/json", "content-length": content.length }),
      },
    });
    outgoing.once("socket", (socket) => {
      socket.once(isSecure ? "secureConnect" : "connect", () => {
        progress.isConnected = true;
      });
    });
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      readText(incoming, operation, bytesMax).then(
        (text) =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: singleValues(incoming.headers),
            body: text,
          }),
        reject,
      );
    });
    outgoing.end(content);
  });
}

async function readText(
  incoming: AsyncIterable<Buffer>,
  operation: string,
  bytesMax: number,
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      throw new GatewayResponseError(operation, `answered with more than ${bytesMax} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function singleValues(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) values[name] = String(value);
  }
  return values;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was reset",
  ENOTFOUND: "the host name is unknown",
  EAI_AGAIN: "the host name could not be looked up",
  EHOSTUNREACH: "there is no route to the host",
  EPIPE: "the connection was closed",
};

function failureOf(
  { operation, url, timeoutMs, signal }: TransportRequest,
  error: unknown,
  { isOutcomeUnknown, timeout }: { isOutcomeUnknown: boolean; timeout: AbortSignal },
): Error {
  if (signal?.aborted) {
    return new GatewayAbortedError(operation, "was ended by its caller", {
      isOutcomeUnknown,
      cause: signal.reason,
    });
  }
  if (timeout.aborted) {
    const doing = isOutcomeUnknown ? "had no complete answer from" : "could not connect to";
    const message = `${doing} ${url.origin} within ${timeoutMs} ms`;
    return new GatewayTimeoutError(operation, message, { isOutcomeUnknown, cause: error });
  }
  const { code = "unknown error", message } = error as NodeJS.ErrnoException;
  const reason = `${REASONS[code] ?? message} (${code})`;
  const doing = isOutcomeUnknown ? "lost the connection to" : "could not reach";
  return new GatewayNetworkError(operation, `${doing} ${url.origin}: ${reason}`, {
    isOutcomeUnknown,
    cause: withoutPacket(error),
  });
}

/** Node attaches the bytes of a malformed answer; they are nobody's business in a log. */
function withoutPacket(error: unknown): unknown {
  if (typeof error === "object" && error !== null) Reflect.deleteProperty(error, "rawPacket");
  return error;
}
