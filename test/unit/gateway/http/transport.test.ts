import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createSocketServer } from "node:net";
import { inspect } from "node:util";
import { afterEach, expect, jest, test } from "@jest/globals";
import type { TransportRequest } from "#gateway/http/request.ts";
import { HttpTransport } from "#gateway/http/transport.ts";
import { Redacted } from "#runtime/redacted.ts";
import { failureOf } from "../scripted-gateway.ts";

const servers: Pick<Server, "close">[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/path?a=b`);
}

function aRequest(url: URL, changes: Partial<TransportRequest> = {}): TransportRequest {
  return {
    operation: "listSecrets",
    method: "GET",
    url,
    headers: new Redacted({ authorization: "Basic cGFzc3dvcmQ=" }),
    body: undefined,
    isIdempotent: true,
    timeoutMs: 5000,
    signal: undefined,
    ...changes,
  };
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of incoming) text += String(chunk);
  return text;
}

test.each(["GET", "POST", "DELETE"])(
  "%s carries its headers, and JSON if there is any",
  async (method) => {
    let seen: object = {};
    const url = await listen(async (incoming, outgoing) => {
      const { url: path, headers } = incoming;
      seen = { method: incoming.method, path, headers, body: await textOf(incoming) };
      outgoing.writeHead(418, { "Retry-After": "7" }).end("gr\u00fc\u00dfe");
    });
    const body = method === "GET" ? undefined : new Redacted('{"name":"\u00e4"}');

    const response = await new HttpTransport().send(aRequest(url, { method, body }));

    expect(response).toMatchObject({ status: 418, body: "gr\u00fc\u00dfe" });
    expect(response.headers["retry-after"]).toBe("7");
    expect(seen).toMatchObject({
      method,
      path: "/path?a=b",
      headers: {
        authorization: "Basic cGFzc3dvcmQ=",
        connection: "close",
        ...(body && { "content-type": "application/json", "content-length": "13" }),
      },
      body: body ? '{"name":"\u00e4"}' : "",
    });
  },
);

test("each request opens a connection of its own", async () => {
  const ports = new Set<number | undefined>();
  const url = await listen((incoming, outgoing) => {
    ports.add(incoming.socket.remotePort);
    outgoing.end("{}");
  });
  const transport = new HttpTransport();

  await transport.send(aRequest(url));
  await transport.send(aRequest(url));

  expect(ports.size).toBe(2);
});

test("kept connections are used again, and no longer after they were idle for 3 s", async () => {
  const ports: unknown[] = [];
  const url = await listen((incoming, outgoing) => {
    ports.push(incoming.socket.remotePort);
    outgoing.end("{}");
  });
  const transport = new HttpTransport({ connections: "kept" });
  const now = jest.spyOn(Date, "now");
  const send = async () => {
    await transport.send(aRequest(url));
    // The socket is free only after the answer was read.
    await new Promise((resolve) => setImmediate(resolve));
  };

  await send();
  await send();
  now.mockReturnValue(Date.now() + 3001);
  await send();
  now.mockRestore();

  expect(ports[1]).toBe(ports[0]);
  expect(ports[2]).not.toBe(ports[0]);
});

/** Answers the first request of each connection and hangs up on the second. */
const hangUpOnSecond = (): RequestListener => {
  const seen = new WeakSet<object>();
  return (incoming, outgoing) => {
    if (seen.has(incoming.socket)) incoming.socket.destroy();
    else outgoing.end("{}");
    seen.add(incoming.socket);
  };
};

test("a kept connection that the server closed does not surface to who reads or replaces", async () => {
  const url = await listen(hangUpOnSecond());
  const transport = new HttpTransport({ connections: "kept" });

  for (let call = 1; call <= 4; call += 1) {
    await expect(transport.send(aRequest(url))).resolves.toMatchObject({ status: 200 });
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test("a create on a connection that the server closed is not sent again by the transport", async () => {
  const url = await listen(hangUpOnSecond());
  const transport = new HttpTransport({ connections: "kept" });
  await transport.send(aRequest(url));
  await new Promise((resolve) => setImmediate(resolve));

  const create = transport.send(aRequest(url, { method: "POST", isIdempotent: false }));

  await expect(create).rejects.toMatchObject({
    name: "GatewayNetworkError",
    isOutcomeUnknown: true,
  });
});

test("connections are kept no more once the server is seen to answer late on them", async () => {
  const connections = new Map<unknown, number>();
  const url = await listen((incoming, outgoing) => {
    const port = incoming.socket.remotePort;
    const requests = (connections.get(port) ?? 0) + 1;
    connections.set(port, requests);
    // As the real one does it: the head comes in time, the body is late.
    outgoing.write("{");
    setTimeout(() => outgoing.end("}"), requests === 1 ? 0 : 50);
  });
  const transport = new HttpTransport({ connections: "kept" });

  for (let call = 1; call <= 10; call += 1) {
    await transport.send(aRequest(url));
    await new Promise((resolve) => setImmediate(resolve));
  }

  expect([...connections.values()]).toEqual([6, 1, 1, 1, 1]);
});

test("a redirect is an answer and is not followed", async () => {
  let requests = 0;
  const url = await listen((_, outgoing) => {
    requests += 1;
    outgoing.writeHead(302, { location: "/elsewhere" }).end();
  });

  await expect(new HttpTransport().send(aRequest(url))).resolves.toMatchObject({
    status: 302,
    headers: { location: "/elsewhere" },
  });
  expect(requests).toBe(1);
});

test("a closed port is a failure that the server cannot have acted on", async () => {
  const url = await listen(() => {});
  const closed = servers.pop();
  await new Promise((resolve) => closed?.close(resolve));

  const error = await failureOf(new HttpTransport().send(aRequest(url)));

  expect(error).toMatchObject({
    name: "GatewayNetworkError",
    code: "gateway-unreachable",
    disposition: "retry",
    isOutcomeUnknown: false,
    cause: { code: "ECONNREFUSED" },
  });
  expect(error.message).toBe(
    `listSecrets could not reach ${url.origin}: the connection was refused (ECONNREFUSED)`,
  );
});

test("an unknown host is a failure that the server cannot have acted on", async () => {
  const error = await failureOf(
    new HttpTransport().send(aRequest(new URL("http://nowhere.invalid/"))),
  );

  expect(error).toMatchObject({ name: "GatewayNetworkError", isOutcomeUnknown: false });
});

test.each([
  ["before the answer", (outgoing: Parameters<RequestListener>[1]) => outgoing.destroy()],
  [
    "in the middle of the answer",
    (outgoing: Parameters<RequestListener>[1]) => {
      outgoing.writeHead(200, { "content-length": "100" });
      outgoing.write("half", () => outgoing.destroy());
    },
  ],
])("a connection that breaks %s leaves the outcome unknown", async (_, answer) => {
  const url = await listen((__, outgoing) => {
    answer(outgoing);
  });

  const error = await failureOf(new HttpTransport().send(aRequest(url)));

  expect(error).toMatchObject({ name: "GatewayNetworkError", isOutcomeUnknown: true });
  expect(error.message).toContain(`listSecrets lost the connection to ${url.origin}`);
});

test.each([
  ["does not answer", () => {}],
  [
    "answers drop by drop",
    (_: IncomingMessage, outgoing: Parameters<RequestListener>[1]) => {
      const drops = setInterval(() => outgoing.write(" "), 20);
      outgoing.once("close", () => clearInterval(drops));
    },
  ],
] satisfies [string, RequestListener][])(
  "a server that %s is given up in time",
  async (_, listener) => {
    const url = await listen(listener);

    const error = await failureOf(new HttpTransport().send(aRequest(url, { timeoutMs: 150 })));

    expect(error).toMatchObject({
      name: "GatewayTimeoutError",
      code: "gateway-timeout",
      disposition: "retry",
      isOutcomeUnknown: true,
    });
    expect(error.message).toBe(
      `listSecrets had no complete answer from ${url.origin} within 150 ms`,
    );
  },
);

test("the caller's signal ends a call in flight", async () => {
  const controller = new AbortController();
  const url = await listen(() => controller.abort(new Error("out of time")));

  const error = await failureOf(
    new HttpTransport().send(aRequest(url, { signal: controller.signal })),
  );

  expect(error).toMatchObject({
    name: "GatewayAbortedError",
    isOutcomeUnknown: true,
    cause: { message: "out of time" },
  });
});

test("an answer over the size limit is refused", async () => {
  const url = await listen((_, outgoing) => outgoing.end("x".repeat(101)));
  const transport = new HttpTransport({ responseBytesMax: 100 });

  const error = await failureOf(transport.send(aRequest(url)));

  expect(error.message).toBe("listSecrets answered with more than 100 bytes");
  expect(error).toMatchObject({ name: "GatewayResponseError", disposition: "reject" });
});

test("neither the request nor the bytes of a malformed answer appear in an error", async () => {
  const server = createSocketServer((socket) => {
    socket.once("error", () => {});
    socket.end("HTTP/1.1 nonsense leaked-bytes\r\n\r\n");
  });
  servers.push(server as unknown as Server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const body = new Redacted('{"api_key":"hunter2"}');

  const error = await failureOf(new HttpTransport().send(aRequest(url, { method: "POST", body })));

  expect(error).toMatchObject({ name: "GatewayNetworkError" });
  const printed = inspect(error, { depth: 9, showHidden: true });
  expect(printed).not.toContain("hunter2");
  expect(printed).not.toContain("cGFzc3dvcmQ=");
  expect(printed).not.toContain("rawPacket");
});
