import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { GatewayClient } from "#gateway/client.ts";
import { OPERATIONS, type OperationName } from "#gateway/operations.ts";
import { TrackingClient } from "#gateway/tracking.ts";
import { hostsOf, unknownSettings } from "#hosts/hosts-of.ts";
import { providerOf } from "#hosts/providers.ts";
import { callLocal } from "../../scripts/local/http.ts";
import {
  MLFLOW_VERSION,
  type MlflowOptions,
  type MlflowServer,
  startMlflow,
} from "../../scripts/local/mlflow-server.ts";
import { NEWEST, OLDEST, PINNED } from "../../scripts/mlflow-versions.ts";
import { PLAIN_ROUTES, pathsOf, readPaths } from "../contract/plain-answers.ts";

/** Checking a password takes an older server 0.3 s, and two processors serve all tests. */
jest.setTimeout(30_000);
/** The first time an older server has to be installed. */
const START_MS = 600_000;

interface Setup extends MlflowOptions {
  readonly name: string;
  readonly hasGuardrails: boolean;
  /** Oldest of all, or the one that all else is tested against. */
  readonly version: string;
}

const OLD = { version: OLDEST, hasGuardrails: false };
const NEW = { version: MLFLOW_VERSION, hasGuardrails: true };
const SETUPS: readonly Setup[] = [
  // A run on another server than the pinned one need not show the oldest again.
  ...(MLFLOW_VERSION === PINNED
    ? [
        { ...OLD, name: "with basic-auth", auth: true },
        { ...OLD, name: "without accounts", auth: false },
      ]
    : []),
  { ...NEW, name: "with basic-auth", auth: true },
  { ...NEW, name: "without accounts, with workspaces", auth: false, workspaces: true },
];

/** Without what is null or an empty text, which say nothing. */
function stated(answer: unknown): object {
  return JSON.parse(
    JSON.stringify(answer, (_, value) => (value === null || value === "" ? undefined : value)),
  );
}

/** litellm has no such provider, or none that chats; or it wants a person, or asks a server where. */
const NOWHERE =
  "aleph_alpha anyscale black_forest_labs chatgpt cursor fal_ai fireworks_ai-embedding-models github_copilot palm recraft runwayml stability";

const SECRET = {
  secret_value: [{ key: "api_key", value: "sk-integration-0123456789" }],
  provider: "openai",
};

describe.each(SETUPS)("against MLflow $version $name", (setup) => {
  let server: MlflowServer;
  let client: GatewayClient;

  beforeAll(async () => {
    server = await startMlflow(setup);
    client = clientOf();
    if (setup.workspaces) await makeWorkspace("team-a");
  }, START_MS);

  afterAll(async () => {
    await server?.stop();
  }, 30_000);

  function clientOf(workspace?: string): GatewayClient {
    const { trackingUri, admin } = server;
    return new GatewayClient({
      trackingUri,
      ...(admin && { auth: admin }),
      ...(workspace && { workspace }),
    });
  }

  async function post(path: string, json: object): Promise<Record<string, string>> {
    const url = `${server.trackingUri}${path}`;
    const { status, body } = await callLocal(url, { method: "POST", json, user: server.admin });
    if (status >= 300) throw new Error(`${path} was answered with ${status}: ${body}`);
    return JSON.parse(body);
  }

  async function makeWorkspace(name: string): Promise<void> {
    await post("/api/3.0/mlflow/workspaces", { name });
  }

  /** A secret with one model definition that uses it. */
  async function makeModel(name: string, provider = "openai", model_name = "gpt-4o") {
    const { secret_id } = await client.secrets.create({ ...SECRET, secret_name: name, provider });
    const definition = { name, secret_id, provider, model_name };
    const { model_definition_id } = await client.modelDefinitions.create(definition);
    return { secret_id, model_definition_id };
  }

  async function makeEndpoint(name: string) {
    const { secret_id, model_definition_id } = await makeModel(name);
    const { endpoint_id } = await client.endpoints.create({
      name,
      model_configs: [{ model_definition_id, linkage_type: "PRIMARY" }],
      usage_tracking: false,
    });
    return { secret_id, model_definition_id, endpoint_id };
  }

  test("a server that has workspaces lists them; another one answers as if it were down", async () => {
    const { trackingUri, admin } = server;
    const retry = { attemptsMax: 1 };
    const tracking = new TrackingClient({ trackingUri, retry, ...(admin && { auth: admin }) });
    const list = tracking.workspaces.list().catch((error: unknown) => Object(error).code);

    const wanted = setup.workspaces
      ? expect.arrayContaining(["default", "team-a"])
      : "gateway-unavailable";
    expect(await list).toEqual(wanted);
  });

  test("the server says what it is and who we are", async () => {
    await expect(client.server.health()).resolves.toBeUndefined();
    await expect(client.server.version()).resolves.toBe(setup.version);
    await expect(client.server.info()).resolves.toEqual({
      store_type: "SqlStore",
      workspaces_enabled: setup.workspaces ?? false,
      ...(setup.hasGuardrails && { gateway_enabled: true }),
    });
    await expect(client.server.currentUser()).resolves.toEqual(
      setup.auth ? { username: "admin", is_admin: true } : undefined,
    );
  });

  test("providers, models and what they need are discovered", async () => {
    const providers = await client.discovery.providers();
    const models = await client.discovery.models({ provider: "openai" });
    const bedrock = await client.discovery.providerConfig({ provider: "bedrock" });

    expect(providers).toEqual(expect.arrayContaining(["anthropic", "bedrock", "openai"]));
    expect(models.find(({ model }) => model === "gpt-4o")).toMatchObject({
      provider: "openai",
      mode: "chat",
      input_cost_per_token: 2.5e-6,
    });
    expect(bedrock.auth_modes.map(({ mode }) => mode)).toContain("iam_role");
    await expect(client.discovery.secretsConfig()).resolves.toEqual({
      secrets_available: true,
      using_default_passphrase: false,
    });
  });

  test("it is known where each provider sends its key, and what each may be told", async () => {
    const providers = await client.discovery.providers();
    const unknown = providers.filter((provider) => providerOf(provider) === undefined);
    const added = unknown.filter((provider) => !NOWHERE.split(" ").includes(provider));

    // A server that is newer than the table may list more: their keys count as sent anywhere.
    if (setup.version !== NEWEST) expect(added).toEqual([]);
    for (const provider of added) expect(hostsOf(provider)).toEqual([{ host: "*" }]);
    for (const provider of providers.filter((one) => !added.includes(one))) {
      const { auth_modes } = await client.discovery.providerConfig({ provider });
      const asked = auth_modes.flatMap(({ config_fields }) =>
        config_fields.map(({ name }) => name),
      );
      const config = Object.fromEntries(asked.map((name) => [name, "x"]));
      expect({ provider, unknown: unknownSettings(provider, config) }).toEqual({
        provider,
        unknown: [],
      });
    }
  });

  test.each(Object.entries(PLAIN_ROUTES))(
    "all that the server tells by %s is known, and read or left out knowingly",
    async (name, route) => {
      const { path } = OPERATIONS[name as OperationName];
      const url = `${server.trackingUri}${path}?provider=openai`;
      const { status, body } = await callLocal(url, { user: server.admin });
      // Servers without accounts, and the oldest, have no current user.
      if (status === 404) return expect(name).toBe("getCurrentUser");
      const told = JSON.parse(body);
      const known = pathsOf(route.answer);

      expect(pathsOf(told).filter((field) => !known.includes(field))).toEqual([]);
      const read = new Set(pathsOf(await route.ask(client)));
      const wanted = readPaths({ ...route, answer: stated(told) });
      expect(wanted.filter((field) => !read.has(field))).toEqual([]);
    },
  );

  test("an auth_config keeps its empty texts", async () => {
    const auth_config = { auth_mode: "api_key", region: "" };
    const request = { ...SECRET, secret_name: "empty text", auth_config };

    const { secret_id } = await client.secrets.create(request);
    const updated = await client.secrets.update({ secret_id, auth_config: { region: "" } });

    await expect(client.secrets.get({ secret_id })).resolves.toEqual(updated);
    expect(updated.auth_config).toEqual({ region: "" });
    await client.secrets.delete({ secret_id });
  });

  test("a secret goes through its life", async () => {
    const auth_config = { auth_mode: "api_key" };
    const request = { ...SECRET, secret_name: "a life/é", auth_config, created_by: "me" };
    const created = await client.secrets.create(request);
    const { secret_id } = created;

    expect(created).toMatchObject({ auth_config, provider: "openai", created_by: "me" });
    expect(created.masked_values).toEqual({ api_key: "sk-...6789" });
    await expect(client.secrets.get({ secret_id })).resolves.toEqual(created);
    await expect(client.secrets.get({ secret_name: "a life/é" })).resolves.toEqual(created);
    await expect(client.secrets.list({ provider: "openai" })).resolves.toContainEqual(created);
    await expect(client.secrets.list({ provider: "cohere" })).resolves.toEqual([]);

    const updated = await client.secrets.update({
      secret_id,
      secret_value: { first: "value-0123456789", second: "short" },
      auth_config: {},
      updated_by: "you",
    });

    expect(updated.masked_values).toEqual({ first: "val...6789", second: "***" });
    expect(updated).toMatchObject({ auth_config: {}, last_updated_by: "you", created_by: "me" });

    await client.secrets.delete({ secret_id });

    const missing = { code: "gateway-not-found" };
    await expect(client.secrets.get({ secret_id })).rejects.toMatchObject(missing);
    await expect(client.secrets.get({ secret_name: "a life" })).rejects.toMatchObject(missing);
    await expect(client.secrets.delete({ secret_id })).rejects.toMatchObject(missing);
  });

  test("a secret in use stays, and goes by force with its users left without a key", async () => {
    const { secret_id, model_definition_id } = await makeModel("used");

    await expect(client.secrets.delete({ secret_id })).rejects.toThrow(
      `deleteSecret: ${secret_id} is in use by the model definitions used`,
    );
    await client.secrets.delete({ secret_id, force: true });

    const orphan = await client.modelDefinitions.get({ model_definition_id });
    expect(orphan).not.toHaveProperty("secret_id");
  });

  test("a model definition goes through its life, which does not end while it is attached", async () => {
    const { model_definition_id, endpoint_id, secret_id } = await makeEndpoint("attached");
    const id = { model_definition_id };
    const read = await client.modelDefinitions.get(id);
    const updated = await client.modelDefinitions.update({
      ...id,
      name: "attached-renamed",
      model_name: "gpt-4o-mini",
      updated_by: "you",
    });

    expect(read).toMatchObject({ ...id, name: "attached", secret_id, secret_name: "attached" });
    expect(updated).toMatchObject({ name: "attached-renamed", model_name: "gpt-4o-mini" });
    await expect(client.modelDefinitions.list({ secret_id })).resolves.toEqual([updated]);
    await expect(client.modelDefinitions.delete(id)).rejects.toMatchObject({
      status: 500,
      errorCode: "INVALID_STATE",
      isRetryable: false,
      isOutcomeUnknown: false,
    });

    await client.endpoints.delete({ endpoint_id });
    await client.modelDefinitions.delete(id);

    await expect(client.modelDefinitions.list({ secret_id })).resolves.toEqual([]);
  });

  test("an endpoint goes through its life", async () => {
    const { model_definition_id } = await makeModel("lively");
    const model_configs = [{ model_definition_id, linkage_type: "PRIMARY", weight: 0.7 }] as const;
    const created = await client.endpoints.create({
      name: "lively",
      model_configs,
      routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT",
      created_by: "me",
    });
    const { endpoint_id } = created;

    expect(created).toMatchObject({ usage_tracking: true, created_by: "me" });
    expect(created.experiment_id).toMatch(/^\d+$/);
    await expect(client.endpoints.list({ provider: "openai" })).resolves.toContainEqual(created);

    const fallback_config = { strategy: "SEQUENTIAL", max_attempts: 1 } as const;
    await client.endpoints.update({
      endpoint_id,
      name: "livelier",
      model_configs: [
        ...model_configs,
        { model_definition_id, linkage_type: "FALLBACK", fallback_order: 1 },
      ],
      fallback_config,
      usage_tracking: false,
      updated_by: "you",
    });
    await client.endpoints.setTag({ endpoint_id, key: "team", value: "search" });
    await client.endpoints.setTag({ endpoint_id, key: "gone", value: "" });
    await client.endpoints.deleteTag({ endpoint_id, key: "gone" });
    await client.endpoints.deleteTag({ endpoint_id, key: "never there" });
    const found = await client.endpoints.get({ name: "livelier" });

    expect(found).toMatchObject({ fallback_config, usage_tracking: false, last_updated_by: "you" });
    expect(found.tags).toEqual([{ key: "team", value: "search" }]);
    expect(found.model_mappings).toHaveLength(2);

    await client.endpoints.delete({ endpoint_id });

    await expect(client.endpoints.find({ endpoint_id })).resolves.toBeUndefined();
    await expect(client.endpoints.delete({ endpoint_id })).rejects.toMatchObject({
      code: "gateway-not-found",
    });
  });

  test("a model is attached both ways and detached at once, and the empty endpoint is still found", async () => {
    const { endpoint_id, model_definition_id } = await makeEndpoint("both-ways");
    const fallback = { model_definition_id, linkage_type: "FALLBACK", fallback_order: 0 } as const;
    const attach = { endpoint_id, model_config: fallback, created_by: "me" };

    await expect(client.endpoints.attachModel(attach)).rejects.toThrow("without a fallback_config");
    await client.endpoints.update({ endpoint_id, fallback_config: { strategy: "SEQUENTIAL" } });
    await expect(client.endpoints.attachModel(attach)).resolves.toMatchObject(fallback);
    await expect(client.endpoints.attachModel(attach)).rejects.toMatchObject({
      code: "gateway-already-exists",
    });
    expect((await client.endpoints.get({ endpoint_id })).model_mappings).toHaveLength(2);

    const detach = { endpoint_id, model_definition_id };
    await expect(client.endpoints.detachModel(detach)).rejects.toThrow("without a PRIMARY model");
    await client.endpoints.detachModel({ ...detach, force: true });

    await expect(client.endpoints.detachModel(detach)).rejects.toMatchObject({
      code: "gateway-not-found",
    });
    const names = (await client.endpoints.list()).map(({ name }) => name);
    expect(names).not.toContain("both-ways");
    await expect(client.endpoints.find({ name: "both-ways" })).resolves.toMatchObject({
      endpoint_id,
      model_mappings: [],
    });

    await client.endpoints.attachModel({
      endpoint_id,
      model_config: { model_definition_id, linkage_type: "PRIMARY" },
    });

    expect((await client.endpoints.list()).map(({ name }) => name)).toContain("both-ways");
  });

  test("endpoints are filtered by what their models do", async () => {
    const { model_definition_id } = await makeModel("embedder", "openai", "text-embedding-3-small");
    await client.endpoints.create({
      name: "embedder",
      model_configs: [{ model_definition_id, linkage_type: "PRIMARY" }],
      usage_tracking: false,
    });
    await makeEndpoint("chatter");
    const names = async (endpoint_type: "chat" | "llm/v1/embeddings") =>
      (await client.endpoints.list({ endpoint_type })).map(({ name }) => name);

    const chat = await names("chat");

    expect(chat).toContain("chatter");
    expect(chat).not.toContain("embedder");
    expect(await names("llm/v1/embeddings")).toEqual(["embedder"]);
  });

  test("a binding goes through its life", async () => {
    const { endpoint_id } = await makeEndpoint("bound");
    const binding = { endpoint_id, resource_type: "scorer", resource_id: "judge-1" } as const;

    const created = await client.bindings.create({ ...binding, created_by: "me" });

    expect(created).toMatchObject({ ...binding, created_by: "me" });
    await expect(client.bindings.create(binding)).rejects.toMatchObject({
      code: "gateway-already-exists",
      message:
        "createBinding failed with 400 BAD_REQUEST: the name, or the same pair, is already taken",
    });
    await expect(client.bindings.list({ endpoint_id })).resolves.toEqual([created]);
    await expect(client.bindings.list({ resource_id: "other" })).resolves.toEqual([]);

    await client.bindings.delete(binding);

    await expect(client.bindings.list()).resolves.toEqual([]);
    await expect(client.bindings.delete(binding)).rejects.toMatchObject({
      code: "gateway-not-found",
    });
  });

  test("budgets go through their lives, page by page", async () => {
    const budget = {
      budget_unit: "USD",
      budget_amount: 12.5,
      duration: { unit: "WEEKS", value: 2 },
      target_scope: "GLOBAL",
      budget_action: "ALERT",
    } as const;
    const ids: string[] = [];
    for (const created_by of ["first", "second", "third"]) {
      const created = await client.budgets.create({ ...budget, created_by });
      expect(created).toMatchObject({ ...budget, created_by });
      ids.push(created.budget_policy_id);
    }
    const [first = ""] = ids;

    const pages: number[] = [];
    for await (const page of client.budgets.pages({ max_results: 2 })) pages.push(page.length);
    const { items, next_page_token = "" } = await client.budgets.page({ max_results: 2 });
    const rest = await client.budgets.list({ page_token: next_page_token });
    const updated = await client.budgets.update({
      budget_policy_id: first,
      budget_amount: 0.1,
      duration: { unit: "MONTHS", value: 1200 },
      target_scope: "WORKSPACE",
      budget_action: "REJECT",
      updated_by: "you",
    });

    expect(pages).toEqual([2, 1]);
    expect([...items, ...rest].map(({ created_by }) => created_by).toSorted()).toEqual([
      "first",
      "second",
      "third",
    ]);
    expect(updated).toMatchObject({ created_by: "first", last_updated_by: "you" });
    await expect(client.budgets.get({ budget_policy_id: first })).resolves.toEqual(updated);
    await expect(client.budgets.list()).resolves.toHaveLength(3);
    const windows = await client.budgets.listWindows();
    expect(windows.map(({ budget_policy_id: id }) => id).toSorted()).toEqual(ids.toSorted());

    for (const budget_policy_id of ids) await client.budgets.delete({ budget_policy_id });

    await expect(client.budgets.list()).resolves.toEqual([]);
    await expect(client.budgets.delete({ budget_policy_id: first })).rejects.toMatchObject({
      code: "gateway-not-found",
    });
  });

  if (setup.hasGuardrails) {
    test("a guardrail goes through its life", async () => {
      const { endpoint_id } = await makeEndpoint("guarded");
      const { experiment_id } = await post("/api/2.0/mlflow/experiments/create", {
        name: "judges",
      });
      const scorer = await post("/api/3.0/mlflow/scorers/register", {
        experiment_id,
        name: "judge",
        serialized_scorer: JSON.stringify({ name: "judge", builtin_scorer_class: "Safety" }),
      });
      const { scorer_id = "" } = scorer;
      const request = { name: "safe", scorer_id, scorer_version: 1 } as const;
      const created = await client.guardrails.create({
        ...request,
        stage: "BEFORE",
        action: "SANITIZATION",
        action_endpoint_id: endpoint_id,
      });
      const other = await client.guardrails.create({
        ...request,
        stage: "AFTER",
        action: "VALIDATION",
      });
      const place = { endpoint_id, guardrail_id: created.guardrail_id };

      expect(created).toMatchObject({
        scorer: { scorer_id, scorer_name: "judge", experiment_id },
        action_endpoint_id: "guarded",
      });
      const { guardrail_id } = place;
      await expect(client.guardrails.get({ guardrail_id })).resolves.toEqual(created);
      await expect(client.guardrails.list()).resolves.toHaveLength(2);

      await client.guardrails.addToEndpoint({ ...place, execution_order: 2 });
      await client.guardrails.addToEndpoint({
        endpoint_id,
        guardrail_id: other.guardrail_id,
        execution_order: 1,
      });
      await expect(client.guardrails.addToEndpoint(place)).rejects.toMatchObject({
        code: "gateway-already-exists",
      });
      const order = async () =>
        (await client.guardrails.listForEndpoint({ endpoint_id })).map((config) => [
          config.guardrail?.stage,
          config.execution_order,
        ]);
      expect(await order()).toEqual([
        ["AFTER", 1],
        ["BEFORE", 2],
      ]);

      await client.guardrails.updateConfig({ ...place, execution_order: 0 });
      expect(await order()).toEqual([
        ["BEFORE", 0],
        ["AFTER", 1],
      ]);
      await client.guardrails.updateConfig({ ...place, execution_order: null });
      expect(await order()).toEqual([
        ["AFTER", 1],
        ["BEFORE", undefined],
      ]);

      await client.guardrails.removeFromEndpoint(place);
      await expect(client.guardrails.removeFromEndpoint(place)).rejects.toMatchObject({
        code: "gateway-not-found",
      });
      await client.guardrails.delete({ guardrail_id: other.guardrail_id });
      expect(await order()).toEqual([]);
      await client.guardrails.delete({ guardrail_id });
      await expect(client.guardrails.list()).resolves.toEqual([]);
    });
  } else {
    test("what needs a newer server is refused with the version that has it", async () => {
      await expect(client.guardrails.list()).rejects.toThrow(
        "listGuardrails needs MLflow 3.12.0 or newer; the server is 3.11.1",
      );
      const budget = client.budgets.create({
        budget_unit: "USD",
        budget_amount: 1,
        duration: { unit: "DAYS", value: 1 },
        target_scope: "USER",
        target_value: "ann",
        budget_action: "ALERT",
      });
      await expect(budget).rejects.toMatchObject({ code: "gateway-unsupported" });
    });
  }

  if (setup.workspaces) {
    test("a workspace has its own names, and an unknown one is told apart from an empty one", async () => {
      const team = clientOf("team-a");
      const request = { ...SECRET, secret_name: "in both" };
      const ours = await client.secrets.create(request);
      const theirs = await team.secrets.create(request);

      expect(theirs.secret_id).not.toBe(ours.secret_id);
      await expect(team.secrets.list()).resolves.toEqual([theirs]);
      await expect(team.secrets.get({ secret_id: ours.secret_id })).rejects.toMatchObject({
        code: "gateway-not-found",
      });
      await expect(clientOf("nowhere").secrets.list()).rejects.toMatchObject({
        code: "gateway-unknown-workspace",
        status: 404,
      });
    });
  }
});
