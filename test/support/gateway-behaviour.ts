import { expect, test } from "@jest/globals";
import { Redacted } from "#runtime/redacted.ts";
import type { CoreGateway } from "./fake-gateway.ts";

const VALUE = "value-of-the-behaviour-suite";
const ANOTHER_VALUE = "another-value-of-the-suite";

/**
 * What the core relies on of a gateway: the fake and the real server behind the real client must
 * agree. `makeGateway` may hand out the same one again and again.
 */
export function gatewayBehaviour(makeGateway: () => CoreGateway | Promise<CoreGateway>): void {
  test("the one who is logged in is an admin, or there are no users", async () => {
    const gateway = await makeGateway();

    expect((await gateway.server.currentUser())?.is_admin ?? true).toBe(true);
  });

  test("a secret shows its keys and never its value", async () => {
    const gateway = await makeGateway();
    const secret_name = aName();
    const created = await gateway.secrets.create({
      secret_name,
      secret_value: { api_key: new Redacted(VALUE) },
      provider: "openai",
      auth_config: { auth_mode: "api_key" },
      created_by: "gwops:search",
    });

    expect(created).toMatchObject({ secret_name, provider: "openai", created_by: "gwops:search" });
    expect(Object.keys(created.masked_values)).toEqual(["api_key"]);
    expect(await gateway.secrets.list()).toContainEqual(created);
    expect(JSON.stringify(await gateway.secrets.list())).not.toContain(VALUE);
  });

  test("an update of a secret replaces its value and its settings whole, and moves its time", async () => {
    const gateway = await makeGateway();
    const before = await gateway.secrets.create({
      secret_name: aName(),
      secret_value: { api_key: VALUE, second: VALUE },
      provider: "openai",
      auth_config: { auth_mode: "api_key", region: "somewhere" },
      created_by: "gwops:search",
    });

    const after = await gateway.secrets.update({
      secret_id: before.secret_id,
      secret_value: { api_key: new Redacted(ANOTHER_VALUE) },
      auth_config: { auth_mode: "api_key" },
      updated_by: "gwops:other",
    });

    expect(Object.keys(after.masked_values)).toEqual(["api_key"]);
    expect(after.auth_config).toEqual({ auth_mode: "api_key" });
    expect(after).toMatchObject({ created_by: "gwops:search", last_updated_by: "gwops:other" });
    expect(after.last_updated_at).toBeGreaterThan(before.last_updated_at);
    expect(await gateway.secrets.list()).toContainEqual(after);
  });

  test("an update of a secret without settings keeps them, and without a writer forgets the last", async () => {
    const gateway = await makeGateway();
    const { secret_id } = await gateway.secrets.create({
      secret_name: aName(),
      secret_value: { api_key: VALUE },
      auth_config: { auth_mode: "api_key" },
      created_by: "me",
    });

    const after = await gateway.secrets.update({
      secret_id,
      secret_value: { api_key: ANOTHER_VALUE },
    });

    expect(after.auth_config).toEqual({ auth_mode: "api_key" });
    expect(after.created_by).toBe("me");
    expect(after.last_updated_by ?? "").toBe("");
  });

  test("a model definition follows its secret and keeps what an update leaves out", async () => {
    const gateway = await makeGateway();
    const [first, second] = [await createSecret(gateway), await createSecret(gateway)];
    const name = aName();
    const created = await gateway.modelDefinitions.create({
      name,
      secret_id: first.secret_id,
      provider: "openai",
      model_name: "gpt-4o",
      created_by: "gwops:search",
    });

    const updated = await gateway.modelDefinitions.update({
      model_definition_id: created.model_definition_id,
      secret_id: second.secret_id,
      updated_by: "gwops:other",
    });

    expect(created).toMatchObject({ name, secret_name: first.secret_name });
    expect(updated).toMatchObject({
      name,
      secret_name: second.secret_name,
      model_name: "gpt-4o",
      created_by: "gwops:search",
      last_updated_by: "gwops:other",
    });
    expect(await gateway.modelDefinitions.list()).toContainEqual(updated);
  });

  test("names are unique, and what is referred to must exist", async () => {
    const gateway = await makeGateway();
    const { secret_name, secret_id } = await createSecret(gateway);
    const model = await aModel(gateway);
    const endpoint = await createEndpoint(gateway, model.model_definition_id);
    const isTaken = { code: "gateway-already-exists", disposition: "reject" };
    const isMissing = { code: "gateway-not-found", disposition: "reject" };
    const definition = { provider: "openai", model_name: "gpt-4o" };

    await expect(
      gateway.secrets.create({ secret_name, secret_value: { api_key: VALUE } }),
    ).rejects.toMatchObject(isTaken);
    await expect(
      gateway.modelDefinitions.create({ ...definition, name: model.name, secret_id }),
    ).rejects.toMatchObject(isTaken);
    await expect(
      gateway.endpoints.create({
        name: endpoint.name,
        model_configs: [primary(model.model_definition_id)],
      }),
    ).rejects.toMatchObject(isTaken);
    await expect(
      gateway.modelDefinitions.create({ ...definition, name: aName(), secret_id: "s-missing" }),
    ).rejects.toMatchObject(isMissing);
    await expect(
      gateway.endpoints.create({ name: aName(), model_configs: [primary("d-missing")] }),
    ).rejects.toMatchObject(isMissing);
    await expect(
      gateway.budgets.create({
        ...budgetToCreate(),
        target_scope: "ENDPOINT",
        target_value: "e-missing",
      }),
    ).rejects.toMatchObject(isMissing);
  });

  test("an update of an endpoint replaces its models and keeps what it leaves out", async () => {
    const gateway = await makeGateway();
    const [first, second] = [await aModel(gateway), await aModel(gateway)];
    const fallback_config = { strategy: "SEQUENTIAL", max_attempts: 2 } as const;
    const created = await gateway.endpoints.create({
      name: aName(),
      model_configs: [
        { ...primary(first.model_definition_id), weight: 0.7 },
        { ...primary(second.model_definition_id), weight: 0.3 },
      ],
      routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT",
      fallback_config: {},
      usage_tracking: false,
      created_by: "gwops:search",
    });

    const updated = await gateway.endpoints.update({
      endpoint_id: created.endpoint_id,
      model_configs: [
        { ...primary(second.model_definition_id), weight: 0.123456789 },
        { model_definition_id: first.model_definition_id, linkage_type: "FALLBACK" },
      ],
      fallback_config,
      updated_by: "gwops:other",
    });
    const found = await gateway.endpoints.find({ name: created.name });

    expect(created.model_mappings.map(({ weight }) => weight).sort()).toEqual([0.3, 0.7]);
    expect(found).toMatchObject({
      fallback_config,
      routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT",
      usage_tracking: false,
      created_by: "gwops:search",
      last_updated_by: "gwops:other",
    });
    const models = found?.model_mappings.map((mapping) => [
      mapping.model_definition?.name,
      mapping.linkage_type,
    ]);
    expect(models).toHaveLength(2);
    expect(models).toContainEqual([second.name, "PRIMARY"]);
    expect(models).toContainEqual([first.name, "FALLBACK"]);
    expect(found?.model_mappings.map(({ weight }) => weight)).toContain(0.12345679);
    expect(found).toEqual(updated);
    expect(await gateway.endpoints.list()).toContainEqual(found);
  });

  test("spend is tracked on an endpoint unless it says otherwise", async () => {
    const gateway = await makeGateway();
    const { model_definition_id } = await aModel(gateway);

    const endpoint = await gateway.endpoints.create({
      name: aName(),
      model_configs: [primary(model_definition_id)],
    });

    expect(endpoint.usage_tracking).toBe(true);
  });

  test("models cannot be replaced without saying what becomes of the fallback", async () => {
    const gateway = await makeGateway();
    const { model_definition_id } = await aModel(gateway);
    const { endpoint_id } = await createEndpoint(gateway, model_definition_id);

    await expect(
      gateway.endpoints.update({ endpoint_id, model_configs: [primary(model_definition_id)] }),
    ).rejects.toMatchObject({ code: "gateway-invalid-request" });
  });

  test("an endpoint is not left so that its calls fail, unless by force", async () => {
    const gateway = await makeGateway();
    const [first, second] = [await aModel(gateway), await aModel(gateway)];
    const one = primary(first.model_definition_id);
    const other = primary(second.model_definition_id);
    const { endpoint_id, name } = await createEndpoint(gateway, first.model_definition_id);
    const split = { routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT" } as const;
    const isRefused = {
      code: "gateway-invalid-request",
      message: expect.stringContaining("the endpoint would be left"),
    };
    const models = async () =>
      (await gateway.endpoints.find({ name }))?.model_mappings.map(({ weight }) => weight);

    await expect(
      gateway.endpoints.create({ name: aName(), model_configs: [one, other] }),
    ).rejects.toMatchObject(isRefused);
    await expect(
      gateway.endpoints.attachModel({ endpoint_id, model_config: other }),
    ).rejects.toMatchObject(isRefused);
    await expect(
      gateway.endpoints.detachModel({ endpoint_id, ...idOf(first) }),
    ).rejects.toMatchObject(isRefused);
    expect(await models()).toEqual([1]);

    await gateway.endpoints.update({ endpoint_id, ...split });
    const model_configs = [{ ...one, weight: 0 }];
    const zero = { endpoint_id, model_configs, fallback_config: {} };
    await expect(gateway.endpoints.update(zero)).rejects.toMatchObject(isRefused);
    expect(await models()).toEqual([1]);
    await gateway.endpoints.update({ ...zero, force: true });
    expect(await models()).toEqual([0]);
  });

  test("the routing that is stored counts when models are attached and detached", async () => {
    const gateway = await makeGateway();
    const [first, second] = [await aModel(gateway), await aModel(gateway)];
    const { endpoint_id, name } = await gateway.endpoints.create({
      name: aName(),
      model_configs: [primary(first.model_definition_id)],
      routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT",
      usage_tracking: false,
    });
    const two = [primary(first.model_definition_id), primary(second.model_definition_id)];
    const model_config = { ...primary(second.model_definition_id), weight: 0.5 };

    const mapping = await gateway.endpoints.attachModel({
      endpoint_id,
      model_config,
      created_by: "ann",
    });
    await gateway.endpoints.update({ endpoint_id, model_configs: two, fallback_config: {} });
    await gateway.endpoints.detachModel({ endpoint_id, ...idOf(first) });
    await gateway.endpoints.detachModel({ endpoint_id, ...idOf(second), force: true });

    expect(mapping).toMatchObject({ ...model_config, endpoint_id, created_by: "ann" });
    expect(mapping.created_at).toBeGreaterThan(0);
    await expect(
      gateway.endpoints.detachModel({ endpoint_id, ...idOf(second) }),
    ).rejects.toMatchObject({ code: "gateway-not-found" });
    expect((await gateway.endpoints.find({ name }))?.model_mappings).toEqual([]);
  });

  test("a tag is set and replaced, and an endpoint that is not there is not found", async () => {
    const gateway = await makeGateway();
    const { model_definition_id } = await aModel(gateway);
    const { endpoint_id, name } = await createEndpoint(gateway, model_definition_id);

    await gateway.endpoints.setTag({ endpoint_id, key: "gwops/owner", value: "first" });
    await gateway.endpoints.setTag({ endpoint_id, key: "gwops/owner", value: "search" });

    expect((await gateway.endpoints.find({ name }))?.tags).toEqual([
      { key: "gwops/owner", value: "search" },
    ]);
    expect(await gateway.endpoints.find({ name: aName() })).toBeUndefined();
  });

  test("a budget keeps its creator and what an update leaves out, and may exist twice", async () => {
    const gateway = await makeGateway();
    const budget = { ...budgetToCreate(), created_by: `gwops:search/${aName()}` };
    const created = await gateway.budgets.create(budget);
    const twin = await gateway.budgets.create(budget);

    const updated = await gateway.budgets.update({
      budget_policy_id: created.budget_policy_id,
      budget_amount: 0.5,
      updated_by: "gwops:search",
    });

    expect(updated).toMatchObject({
      ...budget,
      budget_amount: 0.5,
      last_updated_by: "gwops:search",
    });
    const listed = await gateway.budgets.list();
    expect(listed).toContainEqual(updated);
    expect(listed).toContainEqual(twin);
  });

  test("another scope of a budget takes its target with it", async () => {
    const gateway = await makeGateway();
    const { model_definition_id } = await aModel(gateway);
    const { endpoint_id } = await createEndpoint(gateway, model_definition_id);
    const created = await gateway.budgets.create({
      ...budgetToCreate(),
      target_scope: "ENDPOINT",
      target_value: endpoint_id,
    });

    const updated = await gateway.budgets.update({
      budget_policy_id: created.budget_policy_id,
      target_scope: "GLOBAL",
    });

    expect(created.target_value).toBe(endpoint_id);
    expect(updated.target_scope).toBe("GLOBAL");
    expect(updated.target_value).toBeUndefined();
  });

  test("a secret in use is kept unless it is forced away, which leaves its users without one", async () => {
    const gateway = await makeGateway();
    const { secret_id, secret_name } = await createSecret(gateway);
    const definition = { name: aName(), secret_id, provider: "openai", model_name: "gpt-4o" };
    const { model_definition_id } = await gateway.modelDefinitions.create(definition);

    await expect(gateway.secrets.delete({ secret_id })).rejects.toMatchObject({
      code: "gateway-invalid-request",
    });
    await gateway.secrets.delete({ secret_id, force: true });

    const orphan = (await gateway.modelDefinitions.list()).find(
      (other) => other.model_definition_id === model_definition_id,
    );
    expect(orphan).toMatchObject({ name: definition.name });
    expect(orphan).not.toHaveProperty("secret_id");
    expect(orphan).not.toHaveProperty("secret_name");
    expect((await gateway.secrets.list()).map((other) => other.secret_name)).not.toContain(
      secret_name,
    );
  });

  test("a model definition in use is not deleted", async () => {
    const gateway = await makeGateway();
    const model = await aModel(gateway);
    const { endpoint_id } = await createEndpoint(gateway, model.model_definition_id);

    await expect(gateway.modelDefinitions.delete(idOf(model))).rejects.toMatchObject({
      code: "gateway-refused",
      disposition: "reject",
    });
    await gateway.endpoints.delete({ endpoint_id });
    await gateway.modelDefinitions.delete(idOf(model));

    expect((await gateway.modelDefinitions.list()).map(({ name }) => name)).not.toContain(
      model.name,
    );
  });

  test("what is deleted twice is not found the second time", async () => {
    const gateway = await makeGateway();
    const isMissing = { code: "gateway-not-found", disposition: "reject" };
    const { secret_id } = await createSecret(gateway);
    const model = await aModel(gateway);
    const { endpoint_id } = await createEndpoint(gateway, model.model_definition_id);
    const { budget_policy_id } = await gateway.budgets.create(budgetToCreate());
    const binding = { endpoint_id, resource_type: "scorer", resource_id: "judge" } as const;
    await gateway.bindings.create(binding);
    const deletes = [
      () => gateway.bindings.delete(binding),
      () => gateway.budgets.delete({ budget_policy_id }),
      () => gateway.endpoints.delete({ endpoint_id }),
      () => gateway.modelDefinitions.delete(idOf(model)),
      () => gateway.secrets.delete({ secret_id }),
    ];

    for (const remove of deletes) {
      await remove();
      await expect(remove()).rejects.toMatchObject(isMissing);
    }
  });

  test("an endpoint and a model definition are renamed in place, but not to a name that is taken", async () => {
    const gateway = await makeGateway();
    const model = await aModel(gateway);
    const other = await aModel(gateway);
    const endpoint = await createEndpoint(gateway, model.model_definition_id);
    const taken = await createEndpoint(gateway, model.model_definition_id);
    const { endpoint_id } = endpoint;
    await gateway.endpoints.setTag({ endpoint_id, key: "team", value: "search" });
    const [endpointName, modelName] = [aName(), aName()];

    await gateway.endpoints.update({ endpoint_id, name: endpointName });
    await gateway.modelDefinitions.update({ ...idOf(model), name: modelName });

    expect(await gateway.endpoints.find({ name: endpoint.name })).toBeUndefined();
    const renamed = await gateway.endpoints.find({ name: endpointName });
    expect(renamed).toMatchObject({ endpoint_id, tags: [{ key: "team", value: "search" }] });
    expect(renamed?.model_mappings[0]?.model_definition?.name).toBe(modelName);
    const isTaken = { code: "gateway-already-exists" };
    await expect(gateway.endpoints.update({ endpoint_id, name: taken.name })).rejects.toMatchObject(
      isTaken,
    );
    await expect(
      gateway.modelDefinitions.update({ ...idOf(model), name: other.name }),
    ).rejects.toMatchObject(isTaken);
  });

  test("a tag is taken away, also one that is not there", async () => {
    const gateway = await makeGateway();
    const { model_definition_id } = await aModel(gateway);
    const { endpoint_id, name } = await createEndpoint(gateway, model_definition_id);
    await gateway.endpoints.setTag({ endpoint_id, key: "team", value: "search" });

    await gateway.endpoints.deleteTag({ endpoint_id, key: "team" });
    await gateway.endpoints.deleteTag({ endpoint_id, key: "team" });

    expect((await gateway.endpoints.find({ name }))?.tags).toEqual([]);
  });

  test("a binding is listed with its endpoint and exists once", async () => {
    const gateway = await makeGateway();
    const { model_definition_id } = await aModel(gateway);
    const { endpoint_id } = await createEndpoint(gateway, model_definition_id);
    const binding = { endpoint_id, resource_type: "scorer", resource_id: "judge" } as const;

    const created = await gateway.bindings.create({ ...binding, created_by: "gwops:search" });

    expect(created).toMatchObject({ ...binding, created_by: "gwops:search" });
    expect(await gateway.bindings.list()).toContainEqual(created);
    await expect(gateway.bindings.create(binding)).rejects.toMatchObject({
      code: "gateway-already-exists",
    });
  });
}

function idOf({ model_definition_id }: { readonly model_definition_id: string }) {
  return { model_definition_id };
}

let names = 0;

/** A name of its own for each use, so that tests can share one server. */
function aName(): string {
  names += 1;
  return `behaviour-${names}`;
}

function primary(model_definition_id: string) {
  return { model_definition_id, linkage_type: "PRIMARY" } as const;
}

function budgetToCreate() {
  return {
    budget_unit: "USD",
    budget_amount: 10,
    duration: { unit: "DAYS", value: 1 },
    target_scope: "GLOBAL",
    budget_action: "ALERT",
  } as const;
}

function createSecret(gateway: CoreGateway) {
  return gateway.secrets.create({
    secret_name: aName(),
    secret_value: { api_key: VALUE },
    provider: "openai",
  });
}

async function aModel(gateway: CoreGateway) {
  const { secret_id } = await createSecret(gateway);
  const model = { name: aName(), secret_id, provider: "openai", model_name: "gpt-4o" };
  return gateway.modelDefinitions.create(model);
}

function createEndpoint(gateway: CoreGateway, model_definition_id: string) {
  const model_configs = [primary(model_definition_id)];
  return gateway.endpoints.create({ name: aName(), model_configs, usage_tracking: false });
}
