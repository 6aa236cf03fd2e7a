import { callLocal } from "../local/http.ts";
import type { World } from "./world.ts";

/** The first call after a start takes MLflow seconds: it loads the provider's code then. */
const TIMEOUT_MS = 60_000;

/** One chat completion through the gateway, as an application makes it; returns the status. */
export async function callEndpoint(world: World, endpoint: string): Promise<number> {
  const { trackingUri, admin } = world.mlflow;
  const { status } = await callLocal(`${trackingUri}/gateway/${endpoint}/mlflow/invocations`, {
    method: "POST",
    user: admin,
    json: { messages: [{ role: "user", content: "Hello?" }] },
    timeoutMs: TIMEOUT_MS,
  });
  return status;
}

/** The key that the provider saw with the latest call. */
export function lastKey(world: World): string | undefined {
  return world.upstream.calls().at(-1)?.key.reveal();
}
