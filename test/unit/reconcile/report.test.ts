import { expect, test } from "@jest/globals";
import { ManifestError } from "#manifest/errors.ts";
import type { ManifestIssue } from "#manifest/types.ts";
import { planChanges } from "#reconcile/plan.ts";
import { buildReport, runMessage } from "#reconcile/report.ts";
import { aModelDefinition, anEndpoint, asActual, desiredOf } from "../../support/builders.ts";

/** What SNS takes in one message, and less than a record of the ledger may hold. */
const MESSAGE_BYTES_MAX = 256 * 1024;

const FACTS = {
  run_id: "run-1",
  owner: "search",
  manifest: { key: "manifests/search/gateway.yaml", version_id: "object-version-1" },
  startedMs: Date.parse("2026-11-23T12:00:00Z"),
};

test("an update is reported with the fields that changed, a create without", () => {
  const desired = desiredOf({ version: 1, model_definitions: [aModelDefinition()] });
  const plan = planChanges(desired, { resources: [] });

  const report = buildReport(FACTS, "applied", { plan }, FACTS.startedMs + 1500);

  expect(report).toEqual({
    version: 1,
    run_id: "run-1",
    owner: "search",
    manifest: FACTS.manifest,
    outcome: "applied",
    started_at: "2026-11-23T12:00:00.000Z",
    finished_at: "2026-11-23T12:00:01.500Z",
    changes: [{ action: "create", key: "model_definition/gpt-4o" }],
    outcomes: [],
  });
});

test("a change that was not reached is shown as such", () => {
  const desired = desiredOf({ version: 1, model_definitions: [aModelDefinition()] });
  const plan = planChanges(desired, { resources: [] });

  const { text } = runMessage(buildReport(FACTS, "pending", { plan }, 0), "reports/1.json");

  expect(text).toContain("\n  not attempted create model_definition/gpt-4o\n");
});

test("the message of a large run can still be sent", () => {
  const names = Array.from({ length: 5000 }, (_, index) => `model-definition-${index}`);
  const desired = desiredOf({
    version: 1,
    model_definitions: names.map((name) => aModelDefinition({ name })),
  });
  const plan = planChanges(desired, { resources: [] });
  const outcomes = names.map((name) => ({
    key: `model_definition/${name}` as const,
    outcome: "applied" as const,
    duration_ms: 12,
  }));

  const message = runMessage(
    buildReport(FACTS, "applied", { plan, outcomes }, FACTS.startedMs),
    "reports/1.json",
  );

  expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(MESSAGE_BYTES_MAX);
  expect(message.data).toMatchObject({ report_key: "reports/1.json", changes_total: 5000 });
  expect(message.data.changes).toHaveLength(50);
  expect(message.text).toContain("\nReport: reports/1.json\n");
});

test("the message of a manifest with thousands of mistakes can still be sent", () => {
  const issues = Array.from({ length: 5000 }, (_, index): ManifestIssue => {
    const message = `is wrong: ${"x".repeat(500)}`;
    return { rule: "schema", path: ["endpoints", index], line: index + 1, column: 1, message };
  });
  const error = new ManifestError("manifests/search/gateway.yaml", issues);
  const report = buildReport(FACTS, "rejected", { error }, FACTS.startedMs);

  const message = runMessage(report, "reports/1.json");

  expect(report.issues).toHaveLength(5000);
  expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(MESSAGE_BYTES_MAX);
  expect(message.text).toContain("manifests/search/gateway.yaml:1:1 endpoints[0] is wrong");
  expect(message.text).toContain("\nReport: reports/1.json\n");
});

test("the message of changes with long fields can still be sent", () => {
  const names = Array.from({ length: 60 }, (_, index) => `endpoint-${index}`);
  const tagged = (value: string) =>
    desiredOf({
      version: 1,
      endpoints: names.map((name) => anEndpoint({ name, tags: { note: value.repeat(5000) } })),
    });
  const resources = tagged("ä").resources.map((resource) => asActual(resource));
  const plan = planChanges(tagged("ü"), { resources });

  const message = runMessage(buildReport(FACTS, "applied", { plan }, 0), "reports/1.json");

  expect(plan.changes).toHaveLength(60);
  expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(MESSAGE_BYTES_MAX);
});
