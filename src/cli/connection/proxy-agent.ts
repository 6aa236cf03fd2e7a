import {
  type AgentOptions,
  type ClientRequest,
  type ClientRequestArgs,
  Agent as HttpAgent,
  type RequestOptions,
  request as requestHttp,
} from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { connect as connectPlain, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { Redacted } from "#runtime/redacted.ts";

/** An HTTP proxy through which a server is reached. */
export interface HttpProxy {
  /** Without its login. */
  readonly url: URL;
  /** Its login, which is for the proxy alone. */
  readonly headers: Redacted<Readonly<Record<string, string>>>;
}

/**
 * Reads `http://user:password@host:port`; the scheme may be left out, and `https` is TLS to the
 * proxy itself. Undefined for anything else.
 */
export function parseProxy(address: string): HttpProxy | undefined {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `http://${address}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  const { username, password, origin } = url;
  const login = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64");
  const headers = username === "" ? {} : { "proxy-authorization": `Basic ${login}` };
  return { url: new URL(origin), headers: new Redacted(headers) };
}

/** A percent sign that encodes nothing stands for itself. */
function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) =>
    Buffer.from(bytes.replaceAll("%", ""), "hex").toString(),
  );
}

/** The proxy itself failed or refused: nothing has reached the server. */
class ProxyError extends Error {
  override readonly name = "ProxyError";
  readonly code = "ERR_PROXY";

  constructor({ url }: HttpProxy, problem: string, options?: ErrorOptions) {
    super(`the proxy ${url.origin} ${problem}`, options);
  }
}

function refusal(proxy: HttpProxy, status: number): ProxyError {
  return status === 407
    ? new ProxyError(proxy, "wants a login, or another one, in its address (407)")
    : new ProxyError(proxy, `refuses the way there (${status})`);
}

function unreachable(proxy: HttpProxy, cause: Error): ProxyError {
  return new ProxyError(proxy, `cannot be reached: ${cause.message}`, { cause });
}

type Done = (error: Error | null, stream: Duplex) => void;

/** What Node hands from a request to its connection. */
interface ConnectOptions extends ClientRequestArgs {
  readonly asking?: ClientRequest;
}

/**
 * A request that is given up before it has a connection tells nobody, and waits for it: what is under
 * way is ended here. Returns what to call when the connection stands.
 */
function whenGivenUp(asking: ClientRequest | undefined, stop: () => void): () => void {
  if (!asking) return () => undefined;
  const { destroy } = asking;
  asking.destroy = (error) => {
    stop();
    return destroy.call(asking, error);
  };
  return () => {
    asking.destroy = destroy;
  };
}

/** Asks a proxy for whole addresses: for servers without TLS. */
export class ForwardAgent extends HttpAgent {
  readonly #proxy: HttpProxy;

  constructor(proxy: HttpProxy, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  /** As Node calls it, and its types do not say. */
  addRequest(request: ClientRequest, options: RequestOptions): void {
    const proxy = this.#proxy;
    request.path = `http://${request.getHeader("host")}${request.path}`;
    for (const [name, value] of Object.entries(proxy.headers.reveal())) {
      request.setHeader(name, value);
    }
    request.prependOnceListener("response", ({ statusCode }) => {
      if (statusCode === 407) request.destroy(refusal(proxy, statusCode));
    });
    addRequest.call(this, request, { ...options, asking: request });
  }

  override createConnection({ asking }: ConnectOptions, done: Done): undefined {
    const proxy = this.#proxy;
    const { hostname, port, protocol } = proxy.url;
    const isSecure = protocol === "https:";
    const host = hostname.replace(/^\[|\]$/g, "");
    const place = { host, port: Number(port) || (isSecure ? 443 : 80) };
    const fail = (cause: Error) => done(unreachable(proxy, cause), undefined as never);
    const socket = isSecure
      ? connectTls({ ...place, servername: isIP(host) ? "" : host })
      : connectPlain(place);
    const stands = whenGivenUp(asking, () => socket.destroy(new Error("given up")));
    socket.once("error", fail);
    socket.once(isSecure ? "secureConnect" : "connect", () => {
      stands();
      socket.off("error", fail);
      done(null, socket);
    });
  }
}

/** Asks a proxy for a connection to the server, and speaks TLS with the server on it. */
export class TunnelAgent extends HttpsAgent {
  readonly #proxyFor: (host: string) => HttpProxy | undefined;

  /** Where there is no proxy for a host it is connected to straight. */
  constructor(proxyFor: (host: string) => HttpProxy | undefined, options: AgentOptions) {
    super(options);
    this.#proxyFor = proxyFor;
  }

  addRequest(request: ClientRequest, options: RequestOptions): void {
    addRequest.call(this, request, { ...options, asking: request });
  }

  override createConnection(options: ConnectOptions, done: Done): Duplex | null | undefined {
    const host = `${options.host}`;
    const target = `${isIP(host) === 6 ? `[${host}]` : host}:${options.port}`;
    const proxy = this.#proxyFor(target);
    if (!proxy) return super.createConnection(options, done);
    openTunnel(proxy, target, options, done);
    return undefined;
  }
}

function openTunnel(
  proxy: HttpProxy,
  target: string,
  { asking, ...options }: ConnectOptions,
  done: Done,
): void {
  const isSecure = proxy.url.protocol === "https:";
  const opening = (isSecure ? requestHttps : requestHttp)(proxy.url, {
    method: "CONNECT",
    path: target,
    headers: { host: target, ...proxy.headers.reveal() },
    agent: false,
  });
  const stands = whenGivenUp(asking, () => opening.destroy());
  const fail = (error: Error) => done(error, undefined as never);
  opening.once("error", (cause) => fail(unreachable(proxy, cause)));
  opening.once("connect", ({ statusCode = 0 }, socket) => {
    stands();
    if (statusCode >= 200 && statusCode < 300) {
      done(null, connectTls({ ...options, path: undefined, socket } as never));
      return;
    }
    socket.destroy();
    fail(refusal(proxy, statusCode));
  });
  opening.end();
}

/** Node's own; the types keep it to themselves. */
const { addRequest } = HttpAgent.prototype as unknown as {
  addRequest(this: HttpAgent, request: ClientRequest, options: RequestOptions): void;
};
