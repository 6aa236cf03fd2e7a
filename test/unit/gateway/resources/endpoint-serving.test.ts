import { expect, test } from "@jest/globals";
import type { GatewayClient } from "#gateway/client.ts";
import { shareOf } from "#gateway/share.ts";
import type { ModelConfig } from "#gateway/types.ts";
import {
  aMapping,
  anEndpointEntity,
  type FakeAnswer,
  scriptedGateway,
} from "../scripted-gateway.ts";

const routing_strategy = "REQUEST_BASED_TRAFFIC_SPLIT";
const SPLIT = { routing_strategy } as const;
const FALLBACK_ON = { fallback_config: {} };
const endpoint_id = "e-1";

/** `P` or `F` of the n-th model definition. */
function link(linkage_type: ModelConfig["linkage_type"], n: number, weight?: number): ModelConfig {
  const model_definition_id = `d-${n}`;
  return { model_definition_id, linkage_type, ...(weight !== undefined && { weight }) };
}
const p = (n: number, weight?: number) => link("PRIMARY", n, weight);
const f = (n: number) => link("FALLBACK", n);

/** The endpoint as it is stored before the call. */
function holding(models: readonly ModelConfig[], fields: object = {}): FakeAnswer {
  const model_mappings = models.map((model) => aMapping({ ...model }));
  return { json: { endpoint: anEndpointEntity({ model_mappings, ...fields }) } };
}

type Call = (client: GatewayClient, force: { readonly force?: boolean }) => Promise<unknown>;

const create =
  (model_configs: readonly ModelConfig[], fields: object = {}): Call =>
  ({ endpoints }, force) =>
    endpoints.create({ name: "chat", model_configs, ...fields, ...force });
const update =
  (fields: object): Call =>
  ({ endpoints }, force) =>
    endpoints.update({ endpoint_id, ...fields, ...force });
const attach =
  (model_config: ModelConfig): Call =>
  ({ endpoints }, force) =>
    endpoints.attachModel({ endpoint_id, model_config, ...force });
const detach =
  (n: number): Call =>
  ({ endpoints }, force) =>
    endpoints.detachModel({ endpoint_id, model_definition_id: `d-${n}`, ...force });

const NO_PRIMARY = "without a PRIMARY model, so that every call fails";
const NO_ROUTING =
  "with several PRIMARY models, of which one gets all calls without a routing_strategy";
const NO_SHARES = "with PRIMARY weights that are no shares";
const NO_FALLBACK = "without a fallback_config, so that its FALLBACK models are never used";

const BROKEN: readonly [string, FakeAnswer, Call, string][] = [
  ["create with FALLBACK models only", {}, create([f(1)]), NO_PRIMARY],
  ["create with two PRIMARY and no routing", {}, create([p(1), p(2)]), NO_ROUTING],
  ["create with a share of 0.009", {}, create([p(1, 0.009)], SPLIT), NO_SHARES],
  [
    "create with shares of 0.01, which a float is below",
    {},
    create([p(1, 0.01)], SPLIT),
    NO_SHARES,
  ],
  ["create with all shares 0", {}, create([p(1, 0), p(2, 0)], SPLIT), NO_SHARES],

  [
    "update to a weight of 0 where calls are split",
    holding([p(1)], SPLIT),
    update({ model_configs: [p(1, 0)], ...FALLBACK_ON }),
    NO_SHARES,
  ],
  [
    "update to FALLBACK models only",
    holding([p(1)]),
    update({ model_configs: [f(1)], ...FALLBACK_ON }),
    NO_PRIMARY,
  ],
  [
    "update to two PRIMARY where nothing is split",
    holding([p(1)]),
    update({ model_configs: [p(1), p(2)], ...FALLBACK_ON }),
    NO_ROUTING,
  ],
  ["update of the routing over weight 0", holding([p(1, 0)]), update(SPLIT), NO_SHARES],
  [
    "update of the routing over two weights of 0",
    holding([p(1, 0), p(2, 0), f(3)], FALLBACK_ON),
    update(SPLIT),
    NO_SHARES,
  ],
  [
    "update of the routing over a negative weight of another client",
    holding([p(1, 1), p(2, -0.5)]),
    update(SPLIT),
    NO_SHARES,
  ],
  [
    "update of the routing over FALLBACK models only",
    holding([f(1)], FALLBACK_ON),
    update(SPLIT),
    NO_PRIMARY,
  ],
  ["update of the routing over no model", holding([]), update(SPLIT), NO_PRIMARY],

  ["attach of a second PRIMARY", holding([p(1)]), attach(p(2)), NO_ROUTING],
  ["attach of a third PRIMARY", holding([p(1), p(2)]), attach(p(3)), NO_ROUTING],
  ["attach of a PRIMARY of weight 0", holding([f(2)], SPLIT), attach(p(1, 0)), NO_SHARES],
  ["attach beside weights of 0", holding([p(1, 0)], SPLIT), attach(p(2, 0.009)), NO_SHARES],
  ["attach of a FALLBACK without config", holding([p(1)]), attach(f(2)), NO_FALLBACK],
  ["attach of a FALLBACK alone", holding([], FALLBACK_ON), attach(f(2)), NO_PRIMARY],

  ["detach of the only PRIMARY", holding([p(1), f(2)], FALLBACK_ON), detach(1), NO_PRIMARY],
  ["detach of the last model", holding([p(1)]), detach(1), NO_PRIMARY],
  [
    "detach of a model that is PRIMARY and FALLBACK",
    holding([p(1), f(1), f(2)], FALLBACK_ON),
    detach(1),
    NO_PRIMARY,
  ],
  ["detach of the only weighted PRIMARY", holding([p(1), p(2, 0)], SPLIT), detach(1), NO_SHARES],
  [
    "detach of the only PRIMARY where FALLBACK was off",
    holding([p(1), f(2)]),
    detach(1),
    NO_PRIMARY,
  ],
];

test.each(BROKEN)("%s is refused, naming force", async (_, stored, call, fault) => {
  const { client, requests } = scriptedGateway([stored]);

  const refused = call(client, {});

  await expect(refused).rejects.toMatchObject({
    code: "gateway-invalid-request",
    message: expect.stringMatching(/^\w+: the endpoint would be left /),
  });
  await expect(refused).rejects.toThrow(`the endpoint would be left ${fault}`);
  await expect(refused).rejects.toThrow("(force does it all the same)");
  expect(requests.filter(({ method }) => method !== "GET")).toEqual([]);
});

test.each(BROKEN)("%s is done by force, which is not sent and asks nothing", async (...row) => {
  const [, , call] = row;
  const { client, requests } = scriptedGateway([{ status: 400, body: "so far" }]);

  await expect(call(client, { force: true })).rejects.toThrow("so far");

  expect(requests).toHaveLength(1);
  expect(requests[0]?.method).toBe("POST");
  expect(requests[0]?.body).not.toHaveProperty("force");
});

const FINE: readonly [string, FakeAnswer | undefined, Call][] = [
  ["create with a share of 0.02", undefined, create([p(1, 0.02)], SPLIT)],
  ["create with one share of two", undefined, create([p(1, 0), p(2)], SPLIT)],
  ["create with weight 0 where nothing is split", undefined, create([p(1, 0)])],
  ["create with a FALLBACK, which switches itself on", undefined, create([p(1), f(2)])],
  [
    "update to two PRIMARY where calls are split already",
    holding([p(1)], SPLIT),
    update({ model_configs: [p(1), p(2)], ...FALLBACK_ON }),
  ],
  [
    "update to weight 0 where nothing is split",
    holding([p(1)]),
    update({ model_configs: [p(1, 0)], ...FALLBACK_ON }),
  ],
  ["update of the routing over a weight", holding([p(1, 0), p(2, 0.5)]), update(SPLIT)],
  [
    "update of the routing over a negative weight that comes to 0",
    holding([p(1), p(2, -0.001)]),
    update(SPLIT),
  ],
  [
    "update that mends all at once",
    undefined,
    update({ model_configs: [p(1), p(2)], ...SPLIT, ...FALLBACK_ON }),
  ],
  ["update of a broken endpoint's name", undefined, update({ name: "other" })],
  ["update of a broken endpoint's fallback", undefined, update(FALLBACK_ON)],
  ["attach of a second PRIMARY to a split", holding([p(1)], SPLIT), attach(p(2))],
  ["attach of weight 0 beside a weight", holding([p(1)], SPLIT), attach(p(2, 0))],
  ["attach of a FALLBACK where it is used", holding([p(1)], FALLBACK_ON), attach(f(1))],
  ["attach of the first PRIMARY", holding([]), attach(p(1, 0))],
  ["attach of a link that is there, which the server refuses", holding([p(1)]), attach(p(1))],
  ["detach of a FALLBACK", holding([p(1), f(2)], FALLBACK_ON), detach(2)],
  ["detach of one PRIMARY of two", holding([p(1), p(2)], SPLIT), detach(1)],
  ["detach that leaves what was wrong before", holding([p(1), p(2), p(3)]), detach(1)],
  ["detach from an endpoint without a PRIMARY", holding([f(1), f(2)]), detach(1)],
];

test.each(FINE)("%s is sent", async (_, stored, call) => {
  const answers = [...(stored ? [stored] : []), { status: 400, body: "it was sent" }];
  const { client, requests } = scriptedGateway(answers);

  await expect(call(client, {})).rejects.toThrow("it was sent");

  expect(requests.map(({ method }) => method)).toEqual(stored ? ["GET", "POST"] : ["POST"]);
});

test("models without a fallback_config are replaced by force only", async () => {
  const fields = { model_configs: [p(1), f(2)] };
  const { client, requests } = scriptedGateway([{ status: 400, body: "it was sent" }]);

  await expect(update(fields)(client, {})).rejects.toThrow(
    "updateEndpoint: fallback_config must be given with model_configs ({} for none; the server resets it otherwise, which force allows)",
  );
  await expect(update(fields)(client, { force: true })).rejects.toThrow("it was sent");
  expect(requests).toHaveLength(1);
});

test("an endpoint that is missing is the server's to tell", async () => {
  const missing = { status: 404, body: '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no"}' };
  for (const call of [update(SPLIT), attach(p(1)), detach(1)]) {
    const { client } = scriptedGateway([missing, missing, missing]);

    await expect(call(client, {})).rejects.toMatchObject({
      code: "gateway-not-found",
      operation: expect.stringMatching(/updateEndpoint|attachModel|detachModel/),
    });
  }
});

test.each([
  [1, 100],
  [0.7, 69],
  [0.29, 28],
  [0.02, 1],
  [0.010001, 1],
  [0.01, 0],
  [0, 0],
])("of a weight of %d the server makes %i hundredths", (weight, share) => {
  // MLflow: int(weight * 100) of the 32-bit float that it keeps.
  expect(shareOf(weight)).toBe(share);
});
