import { expect, test } from "@jest/globals";
import type { CoreGateway } from "./fake-gateway.ts";
import type { CoreTracking } from "./fake-tracking.ts";

/** A tracking server, and the gateway of the same server. */
export interface TrackedGateway {
  readonly gateway: CoreGateway;
  readonly tracking: CoreTracking;
  /** Adds a scorer or another version of one, and returns its id. */
  readonly registerScorer: (experiment_id: string, name: string) => Promise<string> | string;
  /** As its users do it: it is only marked. */
  readonly deleteExperiment: (experiment: {
    readonly name: string;
    readonly experiment_id: string;
  }) => Promise<void> | void;
}

/**
 * What the core relies on of experiments, scorers and guardrails: the fake and the real server
 * behind the real client must agree.
 */
export function trackingBehaviour(make: () => TrackedGateway | Promise<TrackedGateway>): void {
  test("an experiment is made once, and found by name and by id", async () => {
    const { tracking } = await make();
    const name = aName();

    const before = await tracking.experiments.find({ name });
    const [created, again] = await Promise.all([
      tracking.experiments.create({ name }),
      tracking.experiments.create({ name }),
    ]);

    expect(before).toBeUndefined();
    expect(created).toEqual({
      experiment_id: expect.stringMatching(/^\d+$/),
      name,
      isDeleted: false,
    });
    expect(again).toEqual(created);
    expect(await tracking.experiments.find({ name })).toEqual(created);
    expect(await tracking.experiments.get(idOf(created))).toEqual(created);
    expect(await tracking.experiments.get({ experiment_id: "987654321" })).toBeUndefined();
  });

  test("a deleted experiment is told apart, and its name stays taken", async () => {
    const { tracking, deleteExperiment } = await make();
    const name = aName();
    const created = await tracking.experiments.create({ name });

    await deleteExperiment(created);

    expect(await tracking.experiments.find({ name })).toEqual({ ...created, isDeleted: true });
    expect(await tracking.experiments.get(idOf(created))).toMatchObject({ isDeleted: true });
    await expect(tracking.experiments.create({ name })).rejects.toMatchObject({
      code: "experiment-deleted",
      disposition: "reject",
    });
  });

  test("a server without accounts says nothing of grants", async () => {
    const { tracking } = await make();

    expect(await tracking.grants.list()).toBeUndefined();
  });

  test("of each scorer the newest version is listed", async () => {
    const { tracking, registerScorer } = await make();
    const { experiment_id } = await tracking.experiments.create({ name: aName() });
    const other = await tracking.experiments.create({ name: aName() });
    const scorer_id = await registerScorer(experiment_id, "safety");
    await registerScorer(experiment_id, "safety");
    await registerScorer(other.experiment_id, "elsewhere");

    expect(await tracking.scorers.list({ experiment_id })).toEqual([
      { scorer_id, scorer_name: "safety", scorer_version: 2 },
    ]);
    const empty = await tracking.experiments.create({ name: aName() });
    expect(await tracking.scorers.list({ experiment_id: empty.experiment_id })).toEqual([]);
  });

  test("an endpoint with tracked usage gets an experiment of its own, and takes another", async () => {
    const { gateway, tracking } = await make();
    const { endpoint_id, name, experiment_id } = await createEndpoint(gateway);
    const another = await tracking.experiments.create({ name: aName() });

    const updated = await gateway.endpoints.update({
      endpoint_id,
      experiment_id: another.experiment_id,
    });

    expect(await tracking.experiments.find({ name: `gateway/${name}` })).toMatchObject({
      experiment_id,
    });
    expect(updated.experiment_id).toBe(another.experiment_id);
    await expect(
      gateway.endpoints.update({ endpoint_id, experiment_id: "987654321" }),
    ).rejects.toMatchObject({ code: "gateway-refused", disposition: "reject" });
  });

  test("guardrails stand on an endpoint in their order, those without one last", async () => {
    const { gateway, ...rest } = await make();
    const { endpoint_id } = await createEndpoint(gateway);
    const guardrails = [];
    for (const name of ["last", "second", "first"]) {
      guardrails.push(await aGuardrail({ gateway, ...rest }, name));
    }
    const [last, second, first] = guardrails.map(({ guardrail_id }) => guardrail_id);
    if (!last || !second || !first) throw new Error("not all guardrails were made");

    await gateway.guardrails.addToEndpoint({ endpoint_id, guardrail_id: last });
    await gateway.guardrails.addToEndpoint({
      endpoint_id,
      guardrail_id: second,
      execution_order: 2,
    });
    await gateway.guardrails.addToEndpoint({ endpoint_id, guardrail_id: first });
    await gateway.guardrails.updateConfig({ endpoint_id, guardrail_id: first, execution_order: 1 });

    const placed = await gateway.guardrails.listForEndpoint({ endpoint_id });
    expect(
      placed.map(({ guardrail, execution_order }) => [guardrail?.name, execution_order]),
    ).toEqual([
      ["first", 1],
      ["second", 2],
      ["last", undefined],
    ]);
    await expect(
      gateway.guardrails.addToEndpoint({ endpoint_id, guardrail_id: last }),
    ).rejects.toMatchObject({ code: "gateway-already-exists" });
    await gateway.guardrails.removeFromEndpoint({ endpoint_id, guardrail_id: second });
    await expect(
      gateway.guardrails.removeFromEndpoint({ endpoint_id, guardrail_id: second }),
    ).rejects.toMatchObject({ code: "gateway-not-found" });
    expect(await gateway.guardrails.listForEndpoint({ endpoint_id })).toHaveLength(2);
    expect((await gateway.guardrails.list()).map(({ guardrail_id }) => guardrail_id)).toContain(
      second,
    );
  });

  test("a guardrail shows its scorer, and the name of the endpoint that rewrites for it", async () => {
    const { gateway, tracking, registerScorer } = await make();
    const { experiment_id } = await tracking.experiments.create({ name: aName() });
    const scorer_id = await registerScorer(experiment_id, "safety");
    const endpoint = await createEndpoint(gateway);
    const request = {
      name: "rewriter",
      scorer_id,
      scorer_version: 1,
      stage: "AFTER",
      action: "SANITIZATION",
      action_endpoint_id: endpoint.endpoint_id,
    } as const;

    const created = await gateway.guardrails.create(request);
    const twin = await gateway.guardrails.create(request);

    expect(created).toMatchObject({
      name: "rewriter",
      stage: "AFTER",
      action: "SANITIZATION",
      scorer: { scorer_id, scorer_version: 1, scorer_name: "safety", experiment_id },
      action_endpoint_id: endpoint.name,
    });
    expect(twin.guardrail_id).not.toBe(created.guardrail_id);
    await gateway.endpoints.update({ endpoint_id: endpoint.endpoint_id, name: aName() });
    const listed = await gateway.guardrails.list();
    expect(listed.map(({ guardrail_id }) => guardrail_id)).toContain(twin.guardrail_id);
    await expect(
      gateway.guardrails.create({ ...request, scorer_id: "missing" }),
    ).rejects.toMatchObject({ code: "gateway-not-found" });
  });

  test("with an endpoint goes all that hangs on it, but not its guardrails", async () => {
    const made = await make();
    const { gateway } = made;
    const { endpoint_id, name } = await createEndpoint(gateway);
    const { guardrail_id } = await aGuardrail(made, aName());
    await gateway.guardrails.addToEndpoint({ endpoint_id, guardrail_id });
    const binding = { endpoint_id, resource_type: "scorer", resource_id: "judge" } as const;
    await gateway.bindings.create(binding);

    await gateway.endpoints.delete({ endpoint_id });

    expect(await gateway.endpoints.find({ name })).toBeUndefined();
    const bindings = await gateway.bindings.list();
    expect(bindings.map((other) => other.endpoint_id)).not.toContain(endpoint_id);
    expect((await gateway.guardrails.list()).map((other) => other.guardrail_id)).toContain(
      guardrail_id,
    );
    await expect(gateway.guardrails.listForEndpoint({ endpoint_id })).rejects.toMatchObject({
      code: "gateway-not-found",
    });
  });
}

let names = 0;

/** A name of its own for each use, so that tests can share one server. */
function aName(): string {
  names += 1;
  return `tracked-${names}`;
}

function idOf({ experiment_id }: { readonly experiment_id: string }) {
  return { experiment_id };
}

async function createEndpoint(gateway: CoreGateway) {
  const name = aName();
  const { secret_id } = await gateway.secrets.create({
    secret_name: name,
    secret_value: { api_key: "value-of-the-behaviour-suite" },
    provider: "openai",
  });
  const definition = { name, secret_id, provider: "openai", model_name: "gpt-4o" };
  const { model_definition_id } = await gateway.modelDefinitions.create(definition);
  return gateway.endpoints.create({
    name,
    model_configs: [{ model_definition_id, linkage_type: "PRIMARY" }],
  });
}

async function aGuardrail({ gateway, tracking, registerScorer }: TrackedGateway, name: string) {
  const { experiment_id } = await tracking.experiments.create({ name: aName() });
  const scorer_id = await registerScorer(experiment_id, "safety");
  return gateway.guardrails.create({
    name,
    scorer_id,
    scorer_version: 1,
    stage: "BEFORE",
    action: "VALIDATION",
  });
}
