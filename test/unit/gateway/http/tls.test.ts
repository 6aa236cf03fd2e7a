import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { selfSigned } from "../../../support/self-signed.ts";

const run = promisify(execFile);
const folder = mkdtempSync(path.join(tmpdir(), "gateway-tls-"));
const { cert, key } = selfSigned();

let server: Server;
let port: number;
let handshakes = 0;

beforeAll(async () => {
  writeFileSync(path.join(folder, "ca.pem"), cert);
  server = createServer({ cert, key }, (_, outgoing) => outgoing.end("3.17.2"));
  server.on("secureConnection", () => {
    handshakes += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});

beforeEach(() => {
  handshakes = 0;
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

/** In a process of its own, since Node reads NODE_EXTRA_CA_CERTS when it starts. */
const PROGRAM = `
  import { GatewayClient } from "#gateway/client.ts";
  const { server } = new GatewayClient({
    trackingUri: process.argv[1],
    retry: { attemptsMax: 1 },
  });
  for (let call = 1; call <= 4; call += 1) console.log(await server.version().catch(String));
`;

async function ask(url: string, env: Record<string, string>): Promise<string[]> {
  const node = ["--import", "tsx", "--input-type=module", "--eval", PROGRAM, url];
  const { stdout } = await run(process.execPath, node, {
    cwd: path.resolve(import.meta.dirname, "../../.."),
    env: { ...process.env, ...env },
  });
  return stdout.trim().split("\n");
}

test("a server of an own authority is trusted by Node's own setting, over one connection", async () => {
  const answers = await ask(`https://localhost:${port}`, {
    NODE_EXTRA_CA_CERTS: path.join(folder, "ca.pem"),
  });

  expect(answers).toEqual(["3.17.2", "3.17.2", "3.17.2", "3.17.2"]);
  expect(handshakes).toBe(1);
}, 30_000);

test("a server of an unknown authority is not spoken to, and the error names the setting", async () => {
  const [answer] = await ask(`https://localhost:${port}`, {});

  expect(answer).toBe(
    `GatewayNetworkError: getVersion could not reach https://localhost:${port}: the server's certificate is not trusted: name the file of its authority in NODE_EXTRA_CA_CERTS (DEPTH_ZERO_SELF_SIGNED_CERT)`,
  );
}, 30_000);
