import { expect, test } from "@jest/globals";
import { type Change, planChanges, RefusedPlanError } from "#reconcile/plan.ts";
import type { ActualResource, DesiredState } from "#reconcile/state.ts";
import {
  aBudget,
  aManifest,
  aModelDefinition,
  anEndpoint,
  aSecret,
  asActual,
  desiredOf,
} from "../../support/builders.ts";

function summary(changes: readonly Change[]): string[] {
  return changes.map(({ action, desired }) => `${action} ${desired.kind}/${desired.name}`);
}

function actualOf(desired: DesiredState): ActualResource[] {
  return desired.resources.map((resource) => asActual(resource));
}

test("everything is created on an empty gateway: by level, then by name", () => {
  const desired = desiredOf(
    aManifest({
      endpoints: [
        anEndpoint({ name: "b" }),
        anEndpoint({ name: "chat" }),
        anEndpoint({ name: "a" }),
      ],
      model_definitions: [aModelDefinition({ name: "z" }), aModelDefinition()],
    }),
  );

  const { owner, changes } = planChanges(desired, { resources: [] });

  expect(owner).toBe("search");
  expect(summary(changes)).toEqual([
    "create secret/openai-prod",
    "create model_definition/gpt-4o",
    "create model_definition/z",
    "create endpoint/a",
    "create endpoint/b",
    "create endpoint/chat",
    "create budget/chat-monthly",
  ]);
});

test("nothing is planned when everything is as declared", () => {
  const desired = desiredOf(aManifest());

  expect(planChanges(desired, { resources: actualOf(desired) }).changes).toEqual([]);
});

test("what differs is updated, with the fields that changed", () => {
  const desired = desiredOf(aManifest(), "version-2");
  const resources = actualOf(desiredOf(aManifest(), "version-1"));

  const { changes } = planChanges(desired, { resources });

  expect(summary(changes)).toEqual(["update secret/openai-prod"]);
  expect(changes[0]).toMatchObject({
    actual: { id: "id-of-openai-prod" },
    changed_fields: [{ path: "source_version", before: "version-1", after: "version-2" }],
  });
});

test("what nobody has marked is adopted, even when nothing else changes", () => {
  const desired = desiredOf(aManifest());
  const resources = desired.resources.map((resource) => asActual(resource, { owner: undefined }));

  const { changes } = planChanges(desired, { resources });

  expect(summary(changes)).toEqual([
    "adopt secret/openai-prod",
    "adopt model_definition/gpt-4o",
    "adopt endpoint/chat",
    "adopt budget/chat-monthly",
  ]);
  expect(changes.map((change) => "changed_fields" in change && change.changed_fields)).toEqual([
    [],
    [],
    [],
    [],
  ]);
});

test("what the manifest does not declare is left alone, whoever owns it", () => {
  const desired = desiredOf(aManifest({ budgets: [], endpoints: undefined }));
  const resources = actualOf(desiredOf(aManifest()));

  expect(planChanges(desired, { resources }).changes).toEqual([]);
});

test("resources of another owner are refused, all of them named", () => {
  const desired = desiredOf(aManifest());
  const resources = desired.resources.map((resource) =>
    asActual(resource, { owner: resource.kind === "secret" ? "search" : "other-team" }),
  );

  const plan = () => planChanges(desired, { resources });

  expect(plan).toThrow(RefusedPlanError);
  expect(plan).toThrow(
    expect.objectContaining({
      code: "plan-refused",
      disposition: "reject",
      message: [
        'model_definition/gpt-4o belongs to the owner "other-team", not to "search"',
        'endpoint/chat belongs to the owner "other-team", not to "search"',
        'budget/chat-monthly belongs to the owner "other-team", not to "search"',
      ].join("\n"),
    }),
  );
});

test("a provider that the server would not change is refused", () => {
  const desired = desiredOf(aManifest({ secrets: [aSecret({ provider: "azure" })] }));
  const resources = actualOf(desiredOf(aManifest()));

  expect(() => planChanges(desired, { resources })).toThrow(
    'secret/openai-prod: provider cannot change from "openai" to "azure" on the gateway; declare it under a new name',
  );
});

test("a provider that differs is refused for what would be adopted too", () => {
  const desired = desiredOf(aManifest({ secrets: [aSecret({ provider: "azure" })] }));
  const resources = desiredOf(aManifest()).resources.map((resource) =>
    asActual(resource, { owner: undefined }),
  );

  expect(() => planChanges(desired, { resources })).toThrow(RefusedPlanError);
});

test("resources of different kinds do not stand for each other", () => {
  const desired = desiredOf({ version: 1, secrets: [aSecret({ name: "chat" })] });
  const resources = actualOf(desiredOf({ version: 1, endpoints: [anEndpoint({ name: "chat" })] }));

  expect(summary(planChanges(desired, { resources }).changes)).toEqual(["create secret/chat"]);
});

test("a budget that is there twice is refused, naming both, whichever is listed first", () => {
  const desired = desiredOf(aManifest({ budgets: [aBudget()] }));
  const [budget] = actualOf(desired).filter(({ kind }) => kind === "budget");
  if (!budget) throw new Error("the manifest declares a budget");
  const twice = [
    { ...budget, id: "bp-2" },
    { ...budget, id: "bp-1" },
  ];

  for (const resources of [twice, [...twice].reverse()]) {
    expect(() => planChanges(desired, { resources })).toThrow(
      "is on the gateway more than once (bp-1, bp-2): delete all but one",
    );
  }
});
