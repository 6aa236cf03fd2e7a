import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";

interface ProxyOptions {
  /** `user:password` that it wants to see. */
  readonly login?: string;
  /** What it answers instead of doing what it is asked for. */
  readonly status?: number;
  /** It never answers at all. */
  readonly isSilent?: boolean;
  /** Of a proxy that is spoken to by TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface RunningProxy {
  readonly port: number;
  /** `CONNECT host:port`, or method and whole address. */
  readonly seen: string[];
  /** Of all that it was asked for. */
  readonly headers: IncomingMessage["headers"][];
  stop(): Promise<void>;
}

/** A forward proxy, as a company has one between its machines and the world. */
export async function startHttpProxy(options: ProxyOptions = {}): Promise<RunningProxy> {
  const seen: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const sockets = new Set<Socket>();
  const refusal = (incoming: IncomingMessage): number | undefined => {
    seen.push(`${incoming.method} ${incoming.url}`);
    headers.push(incoming.headers);
    if (options.status !== undefined || options.login === undefined) return options.status;
    const login = `Basic ${Buffer.from(options.login).toString("base64")}`;
    return incoming.headers["proxy-authorization"] === login ? undefined : 407;
  };
  const forward: RequestListener = (incoming, outgoing) => {
    const status = refusal(incoming);
    if (options.isSilent) return;
    if (status === undefined) pass(incoming, outgoing);
    else outgoing.writeHead(status).end("<title>by the proxy</title>");
  };
  const server: Server = options.tls
    ? createTlsServer(options.tls, forward)
    : createServer(forward);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("connect", (incoming: IncomingMessage, client: Socket) => {
    client.on("error", () => undefined);
    const status = refusal(incoming);
    if (options.isSilent) return;
    if (status !== undefined) {
      client.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${incoming.url}`);
    const onward = connect(Number(port), hostname.replace(/^\[|\]$/g, ""), () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.pipe(client).pipe(onward);
    });
    sockets.add(onward);
    onward.on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    headers,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { "proxy-authorization": _, ...headers } = incoming.headers;
  const { method = "GET", url = "" } = incoming;
  const onward = request(new URL(url), { method, headers, agent: false }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on("error", () => outgoing.writeHead(502).end("<title>bad gateway</title>"));
  incoming.pipe(onward);
}
