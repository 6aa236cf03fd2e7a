import { type Agent, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import {
  GatewayAbortedError,
  GatewayNetworkError,
  GatewayResponseError,
  GatewayTimeoutError,
} from "./errors.ts";
import type { TransportRequest, TransportResponse } from "./transport.ts";

/** How far an exchange got; what may have happened on the server hangs on it. */
export interface Progress {
  /** Before, no byte of the request has left, so the server cannot have acted. */
  isConnected: boolean;
  /** An earlier request used the same connection. */
  isReused: boolean;
  /** The head of an answer has come. */
  isAnswered: boolean;
  /** From when the connection stood to the last byte of the answer. */
  answerMs: number;
}

export interface ExchangeOptions {
  /** Undefined for a connection of its own. */
  readonly agent: Agent | undefined;
  readonly signal: AbortSignal;
  /** Filled in on the way. */
  readonly progress: Progress;
  readonly bytesMax: number;
}

export function noProgress(): Progress {
  return { isConnected: false, isReused: false, isAnswered: false, answerMs: 0 };
}

/** One request on one connection. Throws what Node throws, and `GatewayResponseError` on size. */
export function exchange(
  { operation, method, url, headers, body }: TransportRequest,
  { agent, signal, progress, bytesMax }: ExchangeOptions,
): Promise<TransportResponse> {
  const isSecure = url.protocol === "https:";
  const content = body === undefined ? undefined : Buffer.from(body.reveal());
  return new Promise((resolve, reject) => {
    const outgoing = (isSecure ? requestHttps : requestHttp)(url, {
      method,
      signal,
      agent: agent ?? false,
      headers: {
        ...headers.reveal(),
        ...(!agent && { connection: "close" }),
        accept: "application/json",
        // Written out, because Node would send the body of a DELETE without its length.
        ...(content && { "content-type": "application/json", "content-length": content.length }),
      },
    });
    let connectedAtMs = 0;
    const markConnected = () => {
      progress.isConnected = true;
      connectedAtMs = performance.now();
    };
    outgoing.once("socket", (socket) => {
      progress.isReused = outgoing.reusedSocket;
      if (outgoing.reusedSocket) markConnected();
      else socket.once(isSecure ? "secureConnect" : "connect", markConnected);
    });
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      progress.isAnswered = true;
      const { statusCode: status = 0 } = incoming;
      readText(incoming, operation, bytesMax).then((text) => {
        progress.answerMs = performance.now() - connectedAtMs;
        resolve({ status, headers: singleValues(incoming.headers), body: text });
      }, reject);
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

const UNTRUSTED =
  "the server's certificate is not trusted: name the file of its authority in NODE_EXTRA_CA_CERTS";

/** Where Node's own message says little, or not what to do. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was reset",
  ENOTFOUND: "the host name is unknown",
  EAI_AGAIN: "the host name could not be looked up",
  EPIPE: "the connection was closed",
  EPROTO: "the server does not speak TLS there",
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
};

/** What Node threw, as one of our errors. */
export function transportFailure(
  { operation, url, timeoutMs, signal }: TransportRequest,
  error: unknown,
  { isOutcomeUnknown, timeout }: { isOutcomeUnknown: boolean; timeout: AbortSignal },
): Error {
  if (error instanceof GatewayResponseError) return error;
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
