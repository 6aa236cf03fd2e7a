import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { inspect, promisify } from "node:util";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { parseProxy } from "#cli/connection/proxy-agent.ts";
import { agentFor } from "#cli/connection/proxy-environment.ts";
import { GatewayClient } from "#gateway/client.ts";
import { HttpTransport } from "#gateway/http/transport.ts";
import { type RunningProxy, startHttpProxy } from "../../../support/http-proxy.ts";
import { selfSigned } from "../../../support/self-signed.ts";

const run = promisify(execFile);
const folder = mkdtempSync(path.join(tmpdir(), "gateway-proxy-"));
const { cert, key } = selfSigned();
const servers: Server[] = [];
const proxies: RunningProxy[] = [];
const seen: { url: string | undefined; headers: object }[] = [];
let plainPort: number;
let securePort: number;

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on("request", ({ url, headers }, outgoing) => {
    seen.push({ url, headers });
    // What Secrets Manager says of a secret, or what MLflow says of its version.
    const isAws = headers["x-amz-target"] !== undefined;
    const described = { ARN: "arn:of:it", VersionIdsToStages: { v1: ["AWSCURRENT"] } };
    outgoing.end(isAws ? JSON.stringify(described) : "3.17.2");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  writeFileSync(path.join(folder, "ca.pem"), cert);
  plainPort = await listen(createServer());
  securePort = await listen(createTlsServer({ cert, key }));
});

afterEach(async () => {
  seen.length = 0;
  for (const proxy of proxies.splice(0)) await proxy.stop();
});

afterAll(() => {
  for (const server of servers) server.close();
  for (const server of servers) server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

async function aProxy(options?: Parameters<typeof startHttpProxy>[0]): Promise<RunningProxy> {
  const proxy = await startHttpProxy(options);
  proxies.push(proxy);
  return proxy;
}

function versionThrough(proxy: string, timeoutMs = 10_000): Promise<string> {
  const trackingUri = `http://localhost:${plainPort}/prefix`;
  const agent = agentFor(new URL(trackingUri), { HTTP_PROXY: proxy });
  const transport = new HttpTransport({ agent });
  return new GatewayClient({ trackingUri, timeoutMs, retry: { attemptsMax: 1 }, transport }).server
    .version()
    .catch((error: Error) => error.message);
}

/** In a process of its own, since Node reads NODE_EXTRA_CA_CERTS when it starts. */
const PROGRAM = `
  import { agentFor } from "#cli/connection/proxy-environment.ts";
  import { GatewayClient } from "#gateway/client.ts";
  import { HttpTransport } from "#gateway/http/transport.ts";
  const [trackingUri, proxy, timeoutMs] = process.argv.slice(1);
  const agent = agentFor(new URL(trackingUri), { HTTPS_PROXY: proxy });
  const { server } = new GatewayClient({
    trackingUri, timeoutMs: Number(timeoutMs), retry: { attemptsMax: 1 },
    transport: new HttpTransport({ agent }),
    auth: { username: "ada", password: "for-the-server" },
  });
  for (let call = 1; call <= 3; call += 1) console.log(await server.version().catch(String));
`;

async function askSecurely(proxy: string, env: Record<string, string> = {}, timeoutMs = 10_000) {
  const url = `https://localhost:${securePort}`;
  const node = ["--import", "tsx", "--input-type=module", "--eval", PROGRAM];
  const { stdout } = await run(process.execPath, [...node, url, proxy, `${timeoutMs}`], {
    cwd: path.resolve(import.meta.dirname, "../../.."),
    env: { ...process.env, NODE_EXTRA_CA_CERTS: path.join(folder, "ca.pem"), ...env },
  });
  return stdout.trim().split("\n");
}

test.each(["http://ada:p%40ss@127.0.0.1", "ada:p%40ss@127.0.0.1"])(
  "a request without TLS goes whole to the proxy %s, with its login",
  async (address) => {
    const proxy = await aProxy({ login: "ada:p@ss" });

    expect(await versionThrough(`${address}:${proxy.port}`)).toBe("3.17.2");

    expect(proxy.seen).toEqual([`GET http://localhost:${plainPort}/prefix/version`]);
    expect(proxy.headers[0]).toMatchObject({ host: `localhost:${plainPort}` });
    expect(seen).toMatchObject([{ url: "/prefix/version" }]);
    expect(seen[0]?.headers).not.toHaveProperty("proxy-authorization");
  },
);

test("with TLS the proxy lends a connection once, and sees nothing of what goes over it", async () => {
  const proxy = await aProxy({ login: "ada:pw" });

  const answers = await askSecurely(`http://ada:pw@127.0.0.1:${proxy.port}`);

  expect(answers).toEqual(["3.17.2", "3.17.2", "3.17.2"]);
  expect(proxy.seen).toEqual([`CONNECT localhost:${securePort}`]);
  expect(proxy.headers[0]).not.toHaveProperty("authorization");
  expect(seen[0]?.headers).not.toHaveProperty("proxy-authorization");
}, 30_000);

test("a proxy that is spoken to by TLS works with both", async () => {
  const proxy = await aProxy({ tls: { cert, key } });

  const [answer] = await askSecurely(`https://localhost:${proxy.port}`);

  expect(answer).toBe("3.17.2");
}, 30_000);

test("the certificate of the server is checked through a proxy as without", async () => {
  const proxy = await aProxy();

  const [answer] = await askSecurely(`http://127.0.0.1:${proxy.port}`, { NODE_EXTRA_CA_CERTS: "" });

  expect(answer).toContain(
    `could not reach https://localhost:${securePort}: the server's certificate is not trusted`,
  );
}, 30_000);

test.each(["plain", "secure"])(
  "a login that the proxy does not take is told, without the password: %s",
  async (kind) => {
    const proxy = await aProxy({ login: "ada:right" });
    const address = `http://ada:wrong-password@127.0.0.1:${proxy.port}`;

    const answer =
      kind === "plain" ? await versionThrough(address) : (await askSecurely(address))[0];

    expect(answer).toContain(
      `the proxy http://127.0.0.1:${proxy.port} wants a login, or another one, in its address (407) (ERR_PROXY)`,
    );
    expect(answer).not.toContain("wrong-password");
    expect(seen).toEqual([]);
  },
  30_000,
);

test.each([403, 502])(
  "a proxy that answers %d to the wish for a connection is told",
  async (status) => {
    const proxy = await aProxy({ status });

    const [answer] = await askSecurely(`http://127.0.0.1:${proxy.port}`);

    expect(answer).toContain(
      `could not reach https://localhost:${securePort}: the proxy http://127.0.0.1:${proxy.port} refuses the way there (${status})`,
    );
  },
  30_000,
);

test.each(["plain", "secure"])(
  "a proxy that is down is told as such: %s",
  async (kind) => {
    const proxy = await startHttpProxy();
    await proxy.stop();
    const address = `http://ada:password-of-it@127.0.0.1:${proxy.port}`;

    const answer =
      kind === "plain" ? await versionThrough(address) : (await askSecurely(address))[0];

    expect(answer).toContain(
      `: the proxy http://127.0.0.1:${proxy.port} cannot be reached: connect ECONNREFUSED`,
    );
    expect(answer).not.toContain("password-of-it");
  },
  30_000,
);

test.each(["plain", "secure"])(
  "a proxy that is silent holds up nobody: %s",
  async (kind) => {
    const proxy = await aProxy({ isSilent: true });
    const address = `http://127.0.0.1:${proxy.port}`;
    const startedMs = performance.now();

    const answer =
      kind === "plain"
        ? await versionThrough(address, 300)
        : (await askSecurely(address, {}, 300))[0];

    expect(answer).toMatch(/(no complete answer from|could not connect to) .* within 300 ms/);
    // The process of the secure one starts, asks three times, and ends.
    expect(performance.now() - startedMs).toBeLessThan(kind === "plain" ? 2000 : 15_000);
  },
  30_000,
);

test("a proxy at an address where nobody answers holds up nobody", async () => {
  const startedMs = performance.now();

  // TEST-NET-1: packets to it lead nowhere.
  const answer = await versionThrough("http://192.0.2.1:3128", 300);

  expect(answer).toMatch(/could not (connect to|reach) /);
  expect(performance.now() - startedMs).toBeLessThan(2000);
});

test("a tunnel lives on after the time of the request that opened it", async () => {
  const proxy = await aProxy();
  // With pauses: a connection is free again only a moment after its answer was read.
  const program = PROGRAM.replace(
    /for \(let .*/,
    `for (const endMs = performance.now() + 2500; performance.now() < endMs; ) {
      console.log(await server.version().catch(String));
      await new Promise((end) => setTimeout(end, 300));
    }`,
  );
  const url = `https://localhost:${securePort}`;
  const node = ["--import", "tsx", "--input-type=module", "--eval", program];
  const { stdout } = await run(
    process.execPath,
    [...node, url, `http://127.0.0.1:${proxy.port}`, "2000"],
    {
      cwd: path.resolve(import.meta.dirname, "../../.."),
      env: { ...process.env, NODE_EXTRA_CA_CERTS: path.join(folder, "ca.pem") },
    },
  );

  expect(new Set(stdout.trim().split("\n"))).toEqual(new Set(["3.17.2"]));
  expect(proxy.seen).toHaveLength(1);
}, 30_000);

const AWS_PROGRAM = `
  import { openSecretsManager } from "#cli/connection/secrets-manager.ts";
  const source = await openSecretsManager(process.env);
  console.log(await source.describe("prod/openai").then(({ arn }) => arn, String));
  process.exit();
`;

test.each([
  ["", "through the proxy"],
  ["localhost", "straight"],
])(
  "the AWS SDK follows the same variables: NO_PROXY=%s is %s",
  async (NO_PROXY) => {
    const proxy = await aProxy({ login: "ada:pw" });
    const node = ["--import", "tsx", "--input-type=module", "--eval", AWS_PROGRAM];
    const { stdout } = await run(process.execPath, node, {
      cwd: path.resolve(import.meta.dirname, "../../../.."),
      env: {
        ...process.env,
        NODE_EXTRA_CA_CERTS: path.join(folder, "ca.pem"),
        AWS_ENDPOINT_URL: `https://localhost:${securePort}`,
        AWS_REGION: "eu-central-1",
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        HTTPS_PROXY: `http://ada:pw@127.0.0.1:${proxy.port}`,
        NO_PROXY,
      },
    });

    expect(stdout).toContain("arn:of:it");
    expect(proxy.seen).toEqual(NO_PROXY === "" ? [`CONNECT localhost:${securePort}`] : []);
  },
  30_000,
);

test.each(["socks5://ada:pw@127.0.0.1:1080", "http://", "ftp://proxy", "http://ada:p#w@proxy:1"])(
  "%s is refused without being shown",
  (address) => {
    const url = new URL("https://mlflow.example.com");

    expect(() => agentFor(url, { https_proxy: address })).toThrow(
      /^https_proxy is no address of an HTTP proxy, such as [^ ]*proxy.example.com:3128 \(SOCKS is not spoken\)$/,
    );
  },
);

test("nothing shows the login of a proxy", () => {
  const proxy = parseProxy("http://ada:a-password@proxy:3128");
  const shown = inspect(proxy, { depth: 9 }) + JSON.stringify(proxy);

  expect(shown).not.toContain("a-password");
  expect(shown).not.toContain(btoa("ada:a-password"));
});
