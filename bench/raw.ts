import { Agent, request } from "node:http";
import { range } from "./dataset.ts";
import type { BenchServer } from "./server.ts";

/** The fastest that anything can be: requests that are known beforehand, and no look at answers. */
export interface RawLoop {
  readonly concurrency: number;
  /** `kept`: as many connections as requests in flight; `fresh`: one for each request. */
  readonly connections: "kept" | "fresh";
}

export interface RawRequest {
  readonly method: "GET" | "POST";
  /** Below `/api/3.0/mlflow/gateway/`. */
  readonly path: string;
  readonly json?: object;
}

export interface RawResult {
  readonly ms: number;
  /** Per second, of those that were answered with 200. */
  readonly rate: number;
  readonly failed: number;
  readonly bodies: readonly string[];
}

export async function sendAll(
  { trackingUri }: BenchServer,
  requests: readonly RawRequest[],
  { concurrency, connections }: RawLoop,
): Promise<RawResult> {
  const agent =
    connections === "kept" ? new Agent({ keepAlive: true, maxSockets: concurrency }) : undefined;
  const bodies: string[] = [];
  let failed = 0;
  const pending = requests.entries();
  const lane = async (): Promise<void> => {
    for (const [index, one] of pending) {
      const { status, body } = await send(trackingUri, one, agent);
      bodies[index] = body;
      if (status !== 200) failed += 1;
    }
  };
  const start = performance.now();
  await Promise.all(range(concurrency).map(lane));
  const ms = performance.now() - start;
  agent?.destroy();
  return { ms, rate: ((requests.length - failed) / ms) * 1000, failed, bodies };
}

function send(
  trackingUri: string,
  { method, path, json }: RawRequest,
  agent: Agent | undefined,
): Promise<{ status: number; body: string }> {
  const payload = json === undefined ? undefined : JSON.stringify(json);
  return new Promise((resolve, reject) => {
    const call = request(
      `${trackingUri}/api/3.0/mlflow/gateway/${path}`,
      {
        method,
        agent: agent ?? false,
        headers: payload === undefined ? {} : headersOf(payload),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        );
      },
    );
    call.on("error", reject);
    call.end(payload);
  });
}

function headersOf(payload: string): Record<string, string | number> {
  return { "content-type": "application/json", "content-length": Buffer.byteLength(payload) };
}
