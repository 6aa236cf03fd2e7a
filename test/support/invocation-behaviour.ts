import { expect, test } from "@jest/globals";
import type { Invocations } from "#secrets/probe/probe-gateway.ts";
import type { CoreGateway } from "./fake-gateway.ts";

/** A gateway whose endpoints can be called, and the provider behind it. */
export interface InvocationWorld {
  readonly gateway: CoreGateway;
  readonly invocations: Invocations;
  /** Settings that lead to the provider. */
  readonly auth_config: Readonly<Record<string, string>>;
  /** The next call of the provider is answered with the status. */
  answerNext(status: number): void;
}

const CHAT = { messages: [{ role: "user", content: "ping" }], max_tokens: 1 };
const EMBEDDING = { input: "ping" };

/** What the core relies on when it calls endpoints: as `gatewayBehaviour`. */
export function invocationBehaviour(
  makeWorld: () => InvocationWorld | Promise<InvocationWorld>,
): void {
  test.each([
    ["chat", CHAT],
    ["embedding", EMBEDDING],
  ])("a call for a %s is answered by the model, with the key of its secret", async (_, body) => {
    const { invocations, ...world } = await makeWorld();
    const endpoint_name = await anEndpoint(world);

    const answer = await invocations.invoke({ endpoint_name, body });

    expect(answer).toEqual({ outcome: "completed", status: 200 });
  });

  test.each([
    [401, "key-refused"],
    [403, "key-refused"],
    [400, "failed"],
    [429, "failed"],
    [500, "failed"],
  ])(
    "what the provider answers with %i is told with its status, as %s",
    async (status, outcome) => {
      const { invocations, ...world } = await makeWorld();
      const endpoint_name = await anEndpoint(world);

      for (const body of [CHAT, EMBEDDING]) {
        world.answerNext(status);
        expect(await invocations.invoke({ endpoint_name, body })).toEqual({ outcome, status });
      }
    },
  );

  test("an endpoint that does not exist fails with 404, as one whose secret is gone", async () => {
    const { invocations, ...world } = await makeWorld();
    const endpoint_name = await anEndpoint(world);
    const failed = { outcome: "failed", status: 404 };

    const secret = (await world.gateway.secrets.list()).find(
      ({ secret_name }) => secret_name === endpoint_name,
    );
    await world.gateway.secrets.delete({ secret_id: secret?.secret_id ?? "", force: true });

    expect(await invocations.invoke({ endpoint_name, body: CHAT })).toEqual(failed);
    expect(await invocations.invoke({ endpoint_name: "missing", body: CHAT })).toEqual(failed);
  });
}

let made = 0;

/** A secret, a model definition and an endpoint of one name. */
async function anEndpoint({
  gateway,
  auth_config,
}: Pick<InvocationWorld, "gateway" | "auth_config">): Promise<string> {
  made += 1;
  const name = `invoked-${made}`;
  const { secret_id } = await gateway.secrets.create({
    secret_name: name,
    secret_value: { api_key: "value-of-the-invocation-suite" },
    provider: "openai",
    auth_config,
  });
  const { model_definition_id } = await gateway.modelDefinitions.create({
    name,
    secret_id,
    provider: "openai",
    model_name: "gpt-4o",
  });
  await gateway.endpoints.create({
    name,
    model_configs: [{ model_definition_id, linkage_type: "PRIMARY" }],
    usage_tracking: false,
  });
  return name;
}
