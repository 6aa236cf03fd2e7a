import { afterAll, beforeAll, jest } from "@jest/globals";
import { GatewayClient } from "#gateway/client.ts";
import { InvocationClient } from "#gateway/invocations.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import { startUpstream, type Upstream } from "../../scripts/local/upstream-stub.ts";
import { invocationBehaviour } from "../support/invocation-behaviour.ts";

/** The server shares its processors with the rest of the tests. */
jest.setTimeout(60_000);

let server: MlflowServer;
let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
  server = await startMlflow();
}, 180_000);

afterAll(async () => {
  await server?.stop();
  await upstream?.stop();
}, 30_000);

function optionsOf({ trackingUri, admin }: MlflowServer) {
  return { trackingUri, ...(admin && { auth: admin }) };
}

invocationBehaviour(() => ({
  gateway: new GatewayClient(optionsOf(server)),
  invocations: new InvocationClient(optionsOf(server)),
  auth_config: { auth_mode: "api_key", api_base: upstream.url },
  answerNext: (status) => upstream.failNext(1, status),
}));
