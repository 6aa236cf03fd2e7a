import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What happens to a request instead of what should. */
type Fault =
  /** The server carries it out, and nobody hears of it. */
  | { readonly kind: "answer-lost" }
  /** The server carries it out, and another answer comes back. */
  | ({ readonly kind: "misreported" } & Answer)
  /** The server sees other fields than were sent. */
  | { readonly kind: "altered"; readonly fields: Readonly<Record<string, unknown>> }
  /** The server never sees it. */
  | ({ readonly kind: "answered" } & Answer);

interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FaultyProxy {
  /** Address of the server behind it, under a prefix of its own. */
  readonly url: string;
  /** Method and last parts of the address of all requests so far. */
  readonly seen: string[];
  /** The next request whose path ends so meets the fault; several form a queue. */
  fail(pathEnd: string, fault: Fault): void;
  stop(): Promise<void>;
}

const PREFIX = "/tools/mlflow";

/** Stands before a real server, as a company's proxy does, and makes its bad days repeatable. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const faults: { pathEnd: string; fault: Fault }[] = [];
  const seen: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const { pathname } = new URL(incoming.url ?? "", target);
    seen.push(`${incoming.method} ${pathname.split("/").slice(-2).join("/")}`);
    const index = faults.findIndex(({ pathEnd }) => pathname.endsWith(pathEnd));
    const fault = index < 0 ? undefined : faults.splice(index, 1)[0]?.fault;
    if (fault?.kind === "answered") {
      outgoing.writeHead(fault.status, fault.headers).end(fault.body);
      return;
    }
    forward(target, incoming, outgoing, fault).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${PREFIX}`,
    seen,
    fail: (pathEnd, fault) => faults.push({ pathEnd, fault }),
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  const { method, headers, url = "" } = incoming;
  const content = alter(await read(incoming), fault);
  const onward = request(
    new URL(url.slice(PREFIX.length), target),
    {
      method,
      headers: { ...headers, host: new URL(target).host, "content-length": content.length },
      agent: false,
    },
    (answer) => {
      if (fault?.kind === "answer-lost") {
        answer.resume().once("end", () => incoming.socket.destroy());
        return;
      }
      if (fault?.kind === "misreported") {
        answer.resume();
        outgoing.writeHead(fault.status, fault.headers).end(fault.body);
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    },
  );
  onward.once("error", () => incoming.socket.destroy());
  onward.end(content);
}

async function read(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function alter(content: Buffer, fault: Fault | undefined): Buffer {
  if (fault?.kind !== "altered") return content;
  // Of the same order as before: the server drops what follows a field that it cannot parse.
  return Buffer.from(JSON.stringify({ ...JSON.parse(content.toString()), ...fault.fields }));
}
