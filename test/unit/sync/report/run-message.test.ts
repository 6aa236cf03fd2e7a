import { expect, test } from "@jest/globals";
import type { ManifestIssue } from "#manifest/types.ts";
import type { RunReport } from "#sync/report/report.ts";
import { runMessage } from "#sync/report/run-message.ts";
import { aManifestReport, aRunReport, aWorkspaceReport } from "../../../support/reports.ts";
import { MANIFEST_KEY } from "../../../support/sync-setup.ts";

/** What SNS takes in one message, and less than a record of the ledger may hold. */
const MESSAGE_BYTES_MAX = 256 * 1024;

function messageOf(report: RunReport, news = report.manifests) {
  return runMessage(report, news, "runs/1.json");
}

/** As the publisher sends it: the event as JSON within JSON, and the text beside it. */
function sentBytes({ text, data }: ReturnType<typeof runMessage>): number {
  return Buffer.byteLength(JSON.stringify({ default: JSON.stringify(data), email: text }));
}

test("a message carries the report's facts, its place, and attributes to filter by", () => {
  expect(messageOf(aRunReport())).toMatchObject({
    topic: "operations",
    type: "mlflow-gateway-ops.manifest.applied",
    severity: "info",
    timeMs: Date.parse("2026-11-23T12:00:01.500Z"),
    subject: `${MANIFEST_KEY}: applied`,
    text: expect.stringContaining("\nReport: runs/1.json\n"),
    data: {
      run_id: "run-1",
      report_key: "runs/1.json",
      manifests: [{ key: MANIFEST_KEY }],
      workspaces: [{ counts: { create: 1 }, changes: [{ key: "endpoint/chat" }] }],
    },
    attributes: { owner: "search", outcome: "applied", manifest: MANIFEST_KEY },
  });
});

test("of the files a message names only those that are news", () => {
  const known = aManifestReport({ key: "manifests/search/known.yaml", outcome: "rejected" });
  const news = [aManifestReport()];

  const { data, subject, attributes } = messageOf(
    aRunReport({ manifests: [...news, known] }),
    news,
  );

  expect(data.manifests).toMatchObject([{ key: MANIFEST_KEY }]);
  expect([subject, attributes.code]).toEqual([`${MANIFEST_KEY}: applied`, undefined]);
});

test.each([
  ["unchanged", "info"],
  ["applied", "info"],
  ["drifted", "warning"],
  ["pending", "warning"],
  ["refused", "critical"],
  ["rejected", "critical"],
  ["failed", "critical"],
] as const)("a run that ended as %s is %s", (outcome, severity) => {
  expect(messageOf(aRunReport({ outcome })).severity).toBe(severity);
});

test.each([
  [{ outcome: "rejected" }, "invalid-manifest"],
  [{ outcome: "failed", workspaces: [], error: { code: "a", message: "" } }, "a"],
  [
    { outcome: "failed", workspaces: [aWorkspaceReport({ error: { code: "b", message: "" } })] },
    "b",
  ],
  [
    { outcome: "applied", workspaces: [aWorkspaceReport({ error: { code: "b", message: "" } })] },
    undefined,
  ],
] as const)("people can filter by the code of what went wrong: %j is %s", (changes, code) => {
  const { attributes, subject } = messageOf(aRunReport(changes));

  expect(attributes.code).toBe(code);
  expect(subject).toBe(`${MANIFEST_KEY}: ${changes.outcome}${code ? ` (${code})` : ""}`);
});

test("the subject says of how many files it is", () => {
  const two = [aManifestReport(), aManifestReport({ key: "manifests/search/b.yaml" })];

  expect(messageOf(aRunReport({ manifests: two })).subject).toBe("2 manifests of search: applied");
  expect(messageOf(aRunReport(), []).subject).toBe("Manifests of search: applied");
  expect(messageOf(aRunReport({ trigger: { kind: "drift" } })).subject).toBe(
    "Drift of search: applied",
  );
});

test("the same fact has the same id, whichever run found it", () => {
  const rejected = { outcome: "rejected", workspaces: [] } as const;
  const ids = ["run-1", "run-2"].map((run_id) => messageOf(aRunReport({ ...rejected, run_id })).id);

  expect(ids[0]).toBe(ids[1]);
});

test.each<[string, Partial<RunReport>]>([
  ["of another version", { manifests: [aManifestReport({ version_id: "object-version-2" })] }],
  ["of another plan", { workspaces: [aWorkspaceReport({ checksum: "d" })] }],
  ["of another owner", { owner: "other" }],
  ["for another reason", { error: { code: "other", message: "" } }],
  ["with another end", { outcome: "pending" }],
])("another fact has another id: %s", (_, changes) => {
  const refused = aRunReport({ outcome: "refused" });

  expect(messageOf({ ...refused, ...changes }).id).not.toBe(messageOf(refused).id);
});

test.each<Partial<RunReport>>([
  { outcome: "applied" },
  { outcome: "drifted", trigger: { kind: "drift" } },
])("what can happen again is told again: %j", (changes) => {
  const ids = ["run-1", "run-2"].map((run_id) => messageOf(aRunReport({ ...changes, run_id })).id);

  expect(ids[0]).not.toBe(ids[1]);
});

test("the message of a large run can still be sent", () => {
  const keys = Array.from(
    { length: 5000 },
    (_, index) => `model_definition/model-definition-${index}` as const,
  );
  const changes = keys.map((key) => ({ action: "create", key }) as const);
  const outcomes = keys.map(
    (key) => ({ key, outcome: "applied", id: "id-1", duration_ms: 12 }) as const,
  );
  const workspaces = [aWorkspaceReport({ changes, outcomes })];

  const message = messageOf(aRunReport({ workspaces }));

  expect(sentBytes(message)).toBeLessThan(MESSAGE_BYTES_MAX);
  expect(message.data).toMatchObject({
    report_key: "runs/1.json",
    workspaces: [{ counts: { create: 5000 } }],
    is_shortened: true,
  });
  expect(message.text).toContain("\n  applied       create model_definition/model-definition-0\n");
  expect(message.text).toMatch(/\nand \d+ more; the rest is in the report runs\/1\.json\n/);
});

test("the message of a manifest with thousands of mistakes can still be sent", () => {
  const issues = Array.from({ length: 5000 }, (_, index): ManifestIssue => {
    const message = `is wrong: ${"x".repeat(500)}`;
    return { rule: "schema", path: ["endpoints", index], line: index + 1, column: 1, message };
  });
  const manifests = [aManifestReport({ outcome: "rejected", issues })];

  const message = messageOf(aRunReport({ outcome: "rejected", manifests, workspaces: [] }));

  expect(sentBytes(message)).toBeLessThan(MESSAGE_BYTES_MAX);
  expect(message.text).toContain(`${MANIFEST_KEY}:1:1 endpoints[0] is wrong`);
  expect(message.text).toContain("\nReport: runs/1.json\n");
});

test.each(["\u96ea", '"', "\\", "\u0001", "\u{1f600}"])(
  "the message of a run with long fields, names and errors can still be sent: %j",
  (character) => {
    const long = character.repeat(20_000);
    const changes = Array.from({ length: 60 }, (_, index) => ({
      action: "update" as const,
      key: `endpoint/${index}` as const,
      changed_fields: [{ path: "tags.note" as const, before: long, after: long }],
    }));
    const notices = changes.map(({ key }) => ({ code: "frozen", key, message: long }) as const);
    const error = { code: "apply-failed", message: long };
    const workspaces = [aWorkspaceReport({ changes, notices, error })];
    const manifests = Array.from({ length: 300 }, (_, index) =>
      aManifestReport({ key: `manifests/search/${index}${character.repeat(900)}.yaml` }),
    );

    const message = messageOf(
      aRunReport({
        outcome: "failed",
        workspaces,
        manifests,
        deleted_manifests: manifests.map(({ key }) => key),
      }),
    );

    expect(sentBytes(message)).toBeLessThan(MESSAGE_BYTES_MAX);
    expect(message.data).toMatchObject({ run_id: "run-1", report_key: "runs/1.json" });
  },
);

test("a name of a megabyte keeps nothing else out of the message, and nothing is cut in the middle", () => {
  const huge = `endpoint/${"x".repeat(1_000_000)}` as const;
  const change = {
    path: "tags.note",
    before: "a".repeat(3_000),
    after: "b".repeat(3_000),
  } as const;
  const changes = [
    { action: "delete", key: huge, reason: "pruned" },
    { action: "update", key: "endpoint/chat", changed_fields: [change] },
  ] as const;

  const message = messageOf(
    aRunReport({ outcome: "refused", workspaces: [aWorkspaceReport({ changes, outcomes: [] })] }),
  );

  expect(sentBytes(message)).toBeLessThan(MESSAGE_BYTES_MAX);
  expect(message.text).toContain(`tags.note: ${change.before} -> ${change.after}\n`);
  expect(message.text).toContain("\nand 1 more; the rest is in the report runs/1.json\n");
  expect(message.text).not.toContain("xxx");
  expect(message.data).toMatchObject({
    workspaces: [{ counts: { delete: 1, update: 1 }, changes: [{ changed_fields: [change] }] }],
  });
});
