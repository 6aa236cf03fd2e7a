import { expect, test } from "@jest/globals";
import type { Transport, TransportResponse } from "#gateway/http/request.ts";
import { TrackingClient } from "#gateway/tracking.ts";

type Answer = { readonly status?: number; readonly json: unknown } | Error;

/** A client whose transport gives the answers in turn. */
function trackingWith(...answers: readonly Answer[]) {
  const requests: string[] = [];
  const observed: string[] = [];
  const transport: Transport = {
    send({ method, url, body }) {
      requests.push([method, url.pathname + url.search, body?.reveal()].filter(Boolean).join(" "));
      const answer = answers[requests.length - 1] ?? new Error("no answer left");
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(complete(answer));
    },
  };
  const client = new TrackingClient({
    trackingUri: "https://mlflow.example.com",
    transport,
    retry: { attemptsMax: 1 },
    onRequest: (operation, _durationMs, status) => observed.push(`${operation} ${status}`),
  });
  return { client, requests, observed };
}

function complete({ status = 200, json }: Exclude<Answer, Error>): TransportResponse {
  return { status, headers: {}, body: JSON.stringify(json) };
}

const TRACES = { experiment_id: "7", name: "traces", lifecycle_stage: "active", tags: [] };
const MISSING = { status: 404, json: { error_code: "RESOURCE_DOES_NOT_EXIST", message: "none" } };
const TAKEN = { status: 400, json: { error_code: "RESOURCE_ALREADY_EXISTS", message: "taken" } };
const GATEWAY_TIMEOUT = { status: 504, json: {} };

test("an experiment is asked for by name and by id, and one that is missing is none", async () => {
  const { client, requests, observed } = trackingWith({ json: { experiment: TRACES } }, MISSING);

  expect(await client.experiments.find({ name: "gateway/a b" })).toEqual({
    experiment_id: "7",
    name: "traces",
    isDeleted: false,
  });
  expect(await client.experiments.get({ experiment_id: "8" })).toBeUndefined();

  expect(requests).toEqual([
    "GET /api/2.0/mlflow/experiments/get-by-name?experiment_name=gateway%2Fa+b",
    "GET /api/2.0/mlflow/experiments/get?experiment_id=8",
  ]);
  expect(observed).toEqual(["findExperiment 200", "getExperiment 404"]);
});

test("an experiment whose making was not answered is looked up", async () => {
  const { client, requests } = trackingWith(GATEWAY_TIMEOUT, { json: { experiment: TRACES } });

  expect(await client.experiments.create({ name: "traces" })).toMatchObject({
    experiment_id: "7",
  });

  expect(requests).toEqual([
    'POST /api/2.0/mlflow/experiments/create {"name":"traces"}',
    "GET /api/2.0/mlflow/experiments/get-by-name?experiment_name=traces",
  ]);
});

test("an experiment that is not there after a lost answer may be tried again", async () => {
  const { client } = trackingWith(GATEWAY_TIMEOUT, MISSING);

  await expect(client.experiments.create({ name: "traces" })).rejects.toMatchObject({
    code: "gateway-unavailable",
    disposition: "retry",
  });
});

test("an experiment that somebody made first is taken, unless it is deleted", async () => {
  const first = trackingWith(TAKEN, { json: { experiment: TRACES } });
  const deleted = { ...TRACES, lifecycle_stage: "deleted" };
  const second = trackingWith(TAKEN, { json: { experiment: deleted } });

  expect(await first.client.experiments.create({ name: "traces" })).toMatchObject({
    experiment_id: "7",
  });
  await expect(second.client.experiments.create({ name: "traces" })).rejects.toMatchObject({
    code: "experiment-deleted",
    message: expect.stringContaining("restore it, or delete it for good"),
  });
});

test("a refusal to make an experiment is passed on", async () => {
  const { client, requests } = trackingWith({
    status: 400,
    json: { error_code: "INVALID_PARAMETER_VALUE", message: "a bad name" },
  });

  await expect(client.experiments.create({ name: "traces" })).rejects.toMatchObject({
    code: "gateway-refused",
    message: expect.stringContaining("a bad name"),
  });
  expect(requests).toHaveLength(1);
});

test("names and ids that no server takes are not sent", async () => {
  const { client, requests } = trackingWith();
  const isRefused = { code: "gateway-invalid-request" };

  await expect(client.experiments.create({ name: "" })).rejects.toMatchObject(isRefused);
  await expect(client.experiments.get({ experiment_id: "x" })).rejects.toMatchObject(isRefused);
  await expect(client.scorers.list({ experiment_id: "" })).rejects.toMatchObject(isRefused);

  expect(requests).toEqual([]);
});

test("scorers are read without their code, and an experiment may have none", async () => {
  const scorer = { scorer_id: "0-1", scorer_name: "safety", scorer_version: 2 };
  const { client, requests } = trackingWith(
    { json: { scorers: [{ ...scorer, experiment_id: 7, serialized_scorer: "{}" }] } },
    { json: {} },
  );

  expect(await client.scorers.list({ experiment_id: "7" })).toEqual([scorer]);
  expect(await client.scorers.list({ experiment_id: "7" })).toEqual([]);

  expect(requests[0]).toBe("GET /api/3.0/mlflow/scorers/list?experiment_id=7");
});

test("an answer that is not understood is not taken for an experiment", async () => {
  const { client } = trackingWith({ json: { experiment: { name: "traces" } } });

  await expect(client.experiments.find({ name: "traces" })).rejects.toMatchObject({
    code: "gateway-bad-response",
    message: expect.stringContaining("experiment.experiment_id"),
  });
});

test("grants on endpoints are read out of all accounts in one request", async () => {
  const own = { resource_type: "gateway_endpoint", resource_pattern: "e-1", permission: "USE" };
  const shared = { name: "callers", permissions: [{ ...own, permission: "MANAGE" }] };
  const others = [
    { ...own, resource_pattern: "*" },
    { ...own, resource_type: "experiment", resource_pattern: "7" },
  ];
  const { client, requests } = trackingWith({
    json: {
      users: [
        { username: "ada", roles: [{ name: "__user_2__", permissions: [own, ...others] }, shared] },
        { username: "bob", roles: [shared] },
        { username: "eve", roles: [] },
        {
          username: "operator",
          is_admin: true,
          roles: [{ name: "__user_1__", permissions: [{ ...own, permission: "MANAGE" }] }, shared],
        },
      ],
    },
  });

  expect(await client.grants.list()).toEqual([
    { endpoint_id: "e-1", permission: "USE", holder: "ada" },
    { endpoint_id: "e-1", permission: "MANAGE", holder: "role callers" },
  ]);
  expect(requests).toEqual(["GET /api/2.0/mlflow/users/list"]);
});

test.each([
  { status: 404, json: {} },
  { status: 403, json: { error_code: "PERMISSION_DENIED", message: "no" } },
])("where accounts cannot be seen nothing is known of grants: %j", async (answer) => {
  const { client } = trackingWith(answer);

  expect(await client.grants.list()).toBeUndefined();
});

test("a server that is away while grants are asked for is a failure like any other", async () => {
  const { client } = trackingWith({ status: 503, json: {} });

  await expect(client.grants.list()).rejects.toMatchObject({ disposition: "retry" });
});

test.each([
  ["by name", { json: { workspaces: [{ name: "default" }, { name: "a b" }] } }, ["default", "a b"]],
  ["as unknown to whom they are not shown", { status: 403, json: {} }, undefined],
  ["as unknown by an older server", { status: 404, json: {} }, undefined],
])("workspaces are listed %s", async (_, answer, names) => {
  const { client, requests } = trackingWith(answer);

  expect(await client.workspaces.list()).toEqual(names);
  expect(requests).toEqual(["GET /api/3.0/mlflow/workspaces"]);
});

test("why workspaces cannot be listed is not hidden", async () => {
  const { client } = trackingWith({ status: 503, json: {} });

  await expect(client.workspaces.list()).rejects.toMatchObject({ code: "gateway-unavailable" });
});
