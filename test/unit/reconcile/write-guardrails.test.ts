import { expect, test } from "@jest/globals";
import type { DesiredResource, EndpointGuardrail } from "#reconcile/state.ts";
import { applySetup } from "../../support/apply-setup.ts";
import { definition, endpoint, secret } from "../../support/states.ts";

const BELOW: readonly DesiredResource[] = [secret(), definition()];

const SAFE: EndpointGuardrail = {
  name: "safe",
  scorer: { experiment: "judges", name: "safety" },
  stage: "BEFORE",
  action: "VALIDATION",
};

/** A gateway with two scorers in the experiment "judges". */
async function setup() {
  const parts = applySetup();
  parts.source.put("prod/openai", "value-one");
  const { experiment_id } = await parts.tracking.experiments.create({ name: "judges" });
  for (const name of ["safety", "privacy"]) parts.tracking.registerScorer(experiment_id, name);
  const declare = async (...guardrails: EndpointGuardrail[]) => {
    const before = parts.gateway.requests.length;
    await parts.apply([...BELOW, endpoint("chat", { guardrails })]);
    const writes = parts.gateway.requests.slice(before);
    return writes.filter((name) => /Guardrail/.test(name) && !/^list/.test(name));
  };
  const leftToDo = async (...guardrails: EndpointGuardrail[]) =>
    (await parts.plan([...BELOW, endpoint("chat", { guardrails })])).plan.changes;
  /** Names and orders on the endpoint "chat". */
  const placed = async () => {
    const endpoint = parts.gateway.visible().endpoints.find(({ name }) => name === "chat");
    const configs = await parts.gateway.guardrails.listForEndpoint({
      endpoint_id: endpoint?.endpoint_id ?? "",
    });
    return configs.map(({ guardrail, execution_order }) => [guardrail?.name, execution_order]);
  };
  return { ...parts, experiment_id, declare, leftToDo, placed };
}

test("a guardrail is made of the newest version of its scorer and put on the endpoint", async () => {
  const { gateway, tracking, experiment_id, declare, leftToDo, placed } = await setup();
  tracking.registerScorer(experiment_id, "safety");

  expect(await declare({ ...SAFE, execution_order: 2 })).toEqual([
    "createGuardrail",
    "addGuardrail",
  ]);

  expect(gateway.visible().guardrails).toMatchObject([
    { name: "safe", scorer: { scorer_name: "safety", scorer_version: 2 }, stage: "BEFORE" },
  ]);
  expect(await placed()).toEqual([["safe", 2]]);
  tracking.registerScorer(experiment_id, "safety");
  expect(await leftToDo({ ...SAFE, execution_order: 2 })).toEqual([]);
});

test("a stated version of the scorer is used, and another one takes another guardrail", async () => {
  const { gateway, tracking, experiment_id, declare, placed } = await setup();
  tracking.registerScorer(experiment_id, "safety");
  const version = (number: number) => ({
    ...SAFE,
    scorer: { experiment: "judges", name: "safety", version: number },
  });

  await declare(version(1));
  expect(await declare(version(2))).toEqual(["createGuardrail", "addGuardrail", "removeGuardrail"]);

  const versions = gateway.visible().guardrails.map(({ scorer }) => scorer.scorer_version);
  expect(versions).toEqual([1, 2]);
  expect(await placed()).toHaveLength(1);
});

test("a guardrail that exists is used again, by all that declare it", async () => {
  const { gateway, apply } = await setup();
  const endpoints = ["one", "two", "three"].map((name) => endpoint(name, { guardrails: [SAFE] }));

  await apply([...BELOW, ...endpoints]);
  await apply([...BELOW, ...endpoints, endpoint("chat", { guardrails: [{ name: "safe" }] })]);

  expect(gateway.visible().guardrails).toHaveLength(1);
  expect(gateway.visible().placements).toHaveLength(4);
});

test("an order is set, guardrails are taken off, and their objects stay", async () => {
  const { gateway, declare, leftToDo, placed } = await setup();
  const privacy = { ...SAFE, name: "private", scorer: { experiment: "judges", name: "privacy" } };
  await declare({ ...SAFE, execution_order: 1 }, { ...privacy, execution_order: 2 });

  expect(await declare({ ...SAFE, execution_order: 3 })).toEqual([
    "updateGuardrailConfig",
    "removeGuardrail",
  ]);

  expect(await placed()).toEqual([["safe", 3]]);
  expect(gateway.visible().guardrails.map(({ name }) => name)).toEqual(["safe", "private"]);
  expect(await leftToDo(SAFE)).toEqual([]);
  expect(await declare()).toEqual(["removeGuardrail"]);
  expect(await placed()).toEqual([]);
});

test("an endpoint that rewrites for a guardrail is made before the one that uses it", async () => {
  const { gateway, apply, plan } = await setup();
  const resources = [
    ...BELOW,
    endpoint("a-user", {
      guardrails: [{ ...SAFE, action: "SANITIZATION", action_endpoint: "z-rewriter" }],
    }),
    endpoint("z-rewriter"),
  ];

  await apply(resources);

  expect(gateway.visible().endpoints.map(({ name }) => name)).toEqual(["z-rewriter", "a-user"]);
  expect(gateway.visible().guardrails).toMatchObject([{ action_endpoint_id: "z-rewriter" }]);
  expect((await plan(resources)).plan.changes).toEqual([]);

  const renamed = [
    ...BELOW,
    endpoint("a-user", {
      guardrails: [
        { ...SAFE, action: "SANITIZATION", action_endpoint: "rewriter" },
        { ...SAFE, name: "another" },
      ],
    }),
    endpoint("rewriter", {}, { previous_name: "z-rewriter" }),
  ];
  await apply(renamed);

  expect(gateway.count("createGuardrail")).toBe(2);
  expect((await plan(renamed)).plan.changes).toEqual([]);
});

test("guardrails that nobody declares cost no request and stay", async () => {
  const { gateway, apply, declare, placed } = await setup();
  await declare(SAFE);
  const before = gateway.requests.length;

  await apply([...BELOW, endpoint("chat", { tags: { team: "search" } })]);

  expect(gateway.requests.slice(before).filter((name) => /Guardrail/.test(name))).toEqual([]);
  expect(await placed()).toEqual([["safe", undefined]]);
});

test.each<[string, Partial<EndpointGuardrail>, string[]]>([
  ["has another order", { execution_order: 3 }, ["updateGuardrailConfig"]],
  ["is as it was", {}, []],
])(
  "a guardrail that the list lacks for once, and that %s, is not made twice",
  async (_, change, calls) => {
    const { gateway, declare, placed } = await setup();
    await declare({ ...SAFE, execution_order: 2 });
    const { list } = gateway.guardrails;
    Object.assign(gateway.guardrails, { list: async () => [] });

    expect(await declare({ ...SAFE, execution_order: 2, ...change })).toEqual(calls);

    Object.assign(gateway.guardrails, { list });
    expect(gateway.visible().guardrails).toHaveLength(1);
    expect(await placed()).toEqual([["safe", change.execution_order ?? 2]]);
  },
);
