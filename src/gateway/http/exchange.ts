import { type Agent, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import {
  GatewayAbortedError,
  GatewayNetworkError,
  GatewayResponseError,
  GatewayTimeoutError,
} from "#gateway/errors.ts";
import type { TransportRequest, TransportResponse } from "./request.ts";

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
  /** Undefined for a connection of its own, straight to the server. */
  readonly agent: Agent | undefined;
  readonly signal: AbortSignal;
  /** The part of the signal that stands for the time limit. */
  readonly timeout: AbortSignal;
  /** Filled in on the way. */
  readonly progress: Progress;
  readonly bytesMax: number;
}

export function noProgress(): Progress {
  return { isConnected: false, isReused: false, isAnswered: false, answerMs: 0 };
}

/** One request on one connection. Throws a `GatewayCallError`. */
export function exchange(
  request: TransportRequest,
  options: ExchangeOptions,
): Promise<TransportResponse> {
  return send(request, options).catch((error: unknown) => {
    throw transportFailure(request, error, options);
  });
}

/** Throws what Node throws, and `GatewayResponseError` on size. */
function send(
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
      // An agent may give one that stands; with TLS it is only then that the handshake is awaited.
      if (outgoing.reusedSocket || !(isSecure || socket.connecting)) markConnected();
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
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

const CLOSED = "the connection was closed";

/** Where Node's own words would help nobody. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
  ENOTFOUND: "the host name is unknown",
  EPROTO: "the server does not speak TLS there",
};

function reasonOf(code: string, message: string): string {
  // DEPTH_ZERO_SELF_SIGNED_CERT, UNABLE_TO_GET_ISSUER_CERT_LOCALLY and their like.
  return /SELF_SIGNED|^UNABLE_TO/.test(code)
    ? "the server's certificate is not trusted: name the file of its authority in NODE_EXTRA_CA_CERTS"
    : (REASONS[code] ?? message);
}

/** The reason that `AbortSignal.timeout` gives, and only that. */
export function isTimeOver({ reason }: AbortSignal): boolean {
  return Object(reason).name === "TimeoutError";
}

/** What Node threw, as one of our errors. */
function transportFailure(
  { operation, url, timeoutMs, signal }: TransportRequest,
  error: unknown,
  { progress: { isConnected: isOutcomeUnknown }, timeout }: ExchangeOptions,
): Error {
  if (error instanceof GatewayResponseError) return error;
  const facts = { isOutcomeUnknown, cause: error };
  if (signal?.aborted && !isTimeOver(signal)) {
    const aborted = { ...facts, cause: signal.reason };
    return new GatewayAbortedError(operation, "was ended by its caller", aborted);
  }
  if (timeout.aborted || signal?.aborted) {
    const doing = isOutcomeUnknown ? "had no complete answer from" : "could not connect to";
    const limit = timeout.aborted ? `within ${timeoutMs} ms` : "before its caller's time was over";
    return new GatewayTimeoutError(operation, `${doing} ${url.origin} ${limit}`, facts);
  }
  const { code = "unknown error", message } = error as NodeJS.ErrnoException;
  const doing = isOutcomeUnknown ? "lost the connection to" : "could not reach";
  const reason = `${reasonOf(code, message)} (${code})`;
  // Node attaches the bytes of a malformed answer; they are nobody's business in a log.
  Reflect.deleteProperty(error as Error, "rawPacket");
  return new GatewayNetworkError(operation, `${doing} ${url.origin}: ${reason}`, facts);
}
