import { expect, test } from "@jest/globals";
import { reportMarkdown } from "#sync/report/report-markdown.ts";
import { renderReport } from "#sync/report/report-text.ts";
import { startedRun } from "#sync/run-journal.ts";
import { buildReport } from "#sync/run-report.ts";
import { aManifest, aModelDefinition, anEndpoint } from "../../../support/builders.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { aManifestReport, aRunReport, aWorkspaceReport, SERVER } from "../../../support/reports.ts";
import { MANIFEST_KEY, syncRuns } from "../../../support/sync-setup.ts";

const NOWHERE = { reportKey: "runs/1.json", bytesMax: 60_000 };

test("a report has what was asked, done, and needed for it", () => {
  const clock = new FakeClock();
  const counts = { listSecrets: 3, listBudgets: 1 };
  const parts = { clock, runId: "run-1", requestCounts: () => ({ ...counts }), server: SERVER };
  const trigger = { kind: "manifest", key: MANIFEST_KEY, by: "111122223333" } as const;
  const run = startedRun(parts, "search", trigger);
  clock.advance(1500);
  counts.listSecrets += 2;

  const findings = {
    manifests: [aManifestReport()],
    deletedManifests: ["manifests/search/gone.yaml"],
    workspaces: [aWorkspaceReport()],
    timingsMs: { plan: 500, apply: 1000 },
  };
  const report = buildReport(parts, run, findings, findings.manifests);

  expect(report).toEqual(
    aRunReport({
      trigger,
      deleted_manifests: findings.deletedManifests,
      requests: { listSecrets: 2 },
    }),
  );
});

test("timings are kept of planning and of applying", async () => {
  const { bucket, clock, gateway, putAndSync } = syncRuns();
  const list = gateway.secrets.list;
  gateway.secrets.list = () => {
    clock.advance(100);
    return list();
  };

  await putAndSync({ version: 1, secrets: [] });

  expect(bucket.reports[0]?.timings_ms).toEqual({ plan: 100, apply: 0 });
});

test("an update is reported with the fields that changed, a create with what it sets", async () => {
  const { putAndSync } = syncRuns();
  await putAndSync(aManifest());

  const report = await putAndSync(
    aManifest({
      model_definitions: [
        aModelDefinition({ model_name: "gpt-5" }),
        aModelDefinition({ name: "new" }),
      ],
    }),
  );

  expect(report?.workspaces[0]?.changes).toEqual([
    {
      action: "update",
      key: "model_definition/gpt-4o",
      changed_fields: [{ path: "model_name", before: "gpt-4o", after: "gpt-5" }],
    },
    {
      action: "create",
      key: "model_definition/new",
      fields: { secret: "openai-prod", provider: "openai", model_name: "gpt-4o" },
    },
  ]);
});

test("what holds unknown values is left alone and reported, and the rest is applied", async () => {
  const { gateway, putAndSync } = syncRuns();
  await putAndSync(aManifest());
  const list = gateway.endpoints.list;
  gateway.endpoints.list = async () =>
    (await list()).map((endpoint) => ({ ...endpoint, routing_strategy: "NEW" as never }));

  const report = await putAndSync(
    aManifest({
      model_definitions: [aModelDefinition({ model_name: "gpt-5" })],
      endpoints: [anEndpoint({ usage_tracking: false })],
    }),
  );

  expect(report).toMatchObject({
    outcome: "failed",
    workspaces: [
      {
        outcome: "failed",
        changes: [{ key: "model_definition/gpt-4o" }],
        blocked: [{ key: "endpoint/chat", message: expect.stringContaining("NEW") }],
        outcomes: [{ outcome: "applied" }],
        error: { code: "unknown-value", message: expect.stringContaining("endpoint/chat: holds") },
      },
    ],
  });
});

test("the text names every file, change and remark, and what follows", () => {
  const report = aRunReport({
    outcome: "failed",
    manifests: [
      aManifestReport({ outcome: "failed" }),
      aManifestReport({
        key: "manifests/search/other.yaml",
        outcome: "rejected",
        issues: [
          { rule: "schema", path: ["zzz"], line: 2, column: 1, message: "is not a known key" },
        ],
      }),
    ],
    deleted_manifests: ["manifests/search/gone.yaml"],
    workspaces: [
      aWorkspaceReport({
        workspace: "team-b",
        approval: { checksum: "c0ffee", by: "Ada" },
        error: { code: "apply-failed", message: "1 of 3 changes failed\nendpoint/chat: no" },
        changes: [
          { action: "create", key: "secret/openai-prod" },
          { action: "update", key: "endpoint/chat" },
          { action: "delete", key: "budget/chat" },
        ],
        notices: [
          { code: "not-pruned", key: "endpoint/old", message: "is no longer declared" },
          { code: "prune-suspended", message: "nothing is deleted for now" },
        ],
        out_of_scope: ["model_definition"],
        outcomes: [
          {
            key: "secret/openai-prod",
            outcome: "applied",
            id: "id-1",
            duration_ms: 1,
            push: {
              name: "openai-prod",
              secret_id: "s-1",
              outcome: "created",
              version_id: "version-1",
              pushed_at_ms: 0,
              effective_by_ms: Date.parse("2026-11-23T12:01:00Z"),
            },
          },
          {
            key: "endpoint/chat",
            outcome: "failed",
            duration_ms: 1,
            code: "x",
            message: "no",
            disposition: "reject",
          },
        ],
      }),
    ],
  });

  expect(renderReport(report, NOWHERE).split("\n")).toEqual([
    "search: failed",
    "Report: runs/1.json",
    `${MANIFEST_KEY} (version object-version-1): failed`,
    "manifests/search/other.yaml (version object-version-1): rejected",
    "  manifests/search/other.yaml:2:1 zzz is not a known key (schema)",
    "manifests/search/gone.yaml is gone; what it declared stays as it is",
    "Workspace team-b:",
    "1 of 3 changes failed",
    "endpoint/chat: no",
    "  approved by Ada",
    "  applied       create secret/openai-prod, version version-1, effective by 2026-11-23T12:01:00.000Z",
    "  failed        update endpoint/chat: no",
    "  not attempted delete budget/chat",
    "  note: endpoint/old is no longer declared",
    "  note: nothing is deleted for now",
    "  not in scope: model definitions",
    "Some changes were not made. Correct the cause and put the manifest again.",
  ]);
});

test("the text of a refusal names what the guards said", () => {
  const refusals = [
    { guard: "delete-all", message: "all 3 endpoints would be deleted", is_approvable: true },
  ] as const;
  const report = aRunReport({
    outcome: "refused",
    workspaces: [aWorkspaceReport({ outcome: "refused", outcomes: [], refusals })],
  });

  const text = renderReport(report, NOWHERE);

  expect(text).toContain("\n  refused: all 3 endpoints would be deleted\n");
  expect(text).toContain("\n  not attempted create endpoint/chat\n");
  expect(text).toMatch(/Approve exactly this plan, or correct the manifest\.$/);
});

test("nothing from outside can begin a line of the text, or colour it", () => {
  const report = aRunReport({
    outcome: "failed",
    manifests: [aManifestReport({ key: "manifests/search/\u001b[31m\u202e.yaml" })],
    error: { code: "x", message: "a server said \u0007" },
  });

  const text = renderReport(report, NOWHERE);

  expect(text).toContain("manifests/search/\\u{1b}[31m\\u{202e}.yaml (version");
  expect(text).toContain("a server said \\u{7}\n");
});

test("the Markdown shows who asked, what it cost, each change with its fields, and the rest", () => {
  const report = aRunReport({
    deleted_manifests: ["manifests/search/gone.yaml"],
    workspaces: [
      aWorkspaceReport({
        approval: { checksum: "c0ffee", by: "Ada" },
        changes: [
          {
            action: "update",
            key: "endpoint/chat",
            changed_fields: [{ path: "tags.team", before: "a", after: "b" }],
            high_risk: "a key goes to another host",
          },
        ],
        notices: [{ code: "frozen", key: "budget/old", message: "stays as it is" }],
        out_of_scope: ["budget"],
      }),
    ],
  });

  const markdown = reportMarkdown(report);

  expect(markdown.split("\n")).toEqual([
    "# search: applied",
    "",
    "|  |  |",
    "|---|---|",
    "| run | run-1 |",
    "| server | https://mlflow.example.com |",
    "| outcome | applied |",
    "| triggered by | manifest, manifests/search/gateway.yaml, 111122223333 |",
    "| began | 2026-11-23T12:00:00.000Z |",
    "| ended | 2026-11-23T12:00:01.500Z |",
    "| timings | plan 500 ms, apply 1000 ms |",
    "| gateway requests | listSecrets 2 |",
    "",
    "## Manifests",
    "",
    "| manifest | version | outcome |",
    "|---|---|---|",
    "| manifests/search/gateway.yaml | object-version-1 | applied |",
    "| manifests/search/gone.yaml |  | gone; what it declared stays as it is |",
    "",
    "## Workspace default: applied",
    "",
    "Plan `c0ffee`, prune off.",
    "",
    "Approved by Ada.",
    "",
    "| action | resource | outcome | note |",
    "|---|---|---|---|",
    "| update | endpoint/chat | applied |  |",
    "",
    "```diff",
    "! update endpoint/chat",
    "!   tags.team: a -> b",
    "!   high risk: a key goes to another host",
    "```",
    "",
    "- note: budget/old stays as it is",
    "- not in scope: budgets",
    "",
  ]);
});

test("the Markdown holds all issues and warnings, and the error", () => {
  const issue = { path: [], line: 1, column: 1, message: "is wrong" };
  const report = aRunReport({
    outcome: "rejected",
    error: { code: "gateway-network", message: "the gateway\nis down" },
    manifests: [
      aManifestReport({
        outcome: "rejected",
        issues: Array.from({ length: 60 }, (_, index) => ({ ...issue, rule: `rule-${index}` })),
        warnings: [{ ...issue, rule: "unused-secret" }],
      }),
    ],
    workspaces: [],
  });

  const markdown = reportMarkdown(report);

  expect(markdown.match(/is wrong \(rule-/g)).toHaveLength(60);
  expect(markdown).toContain(`warning: ${MANIFEST_KEY}:1:1 is wrong (unused-secret)`);
  expect(markdown).toContain("**gateway-network**\n\n~~~text\nthe gateway\nis down\n~~~");
});

test("a plan without changes is said to be one", () => {
  const workspaces = [aWorkspaceReport({ changes: [], outcomes: [] })];

  expect(reportMarkdown(aRunReport({ workspaces }))).toContain("\nThere is nothing to change.\n");
});

/** A report in which people and servers said `text` wherever they can. */
function reportSaying(text: string) {
  return aRunReport({
    owner: text,
    trigger: { kind: "manifest", by: text },
    manifests: [aManifestReport({ key: text, version_id: text })],
    deleted_manifests: [text],
    workspaces: [
      aWorkspaceReport({
        workspace: text,
        approval: { checksum: "c0ffee", by: text },
        changes: [{ action: "create", key: `endpoint/${text}` }],
        notices: [{ code: "frozen", key: `endpoint/${text}`, message: text }],
        outcomes: [],
      }),
    ],
  });
}

/** What Markdown acts on, in order. */
function markup(markdown: string): string[] {
  // In a fence nothing is acted on, and no line can end it: that is another test's.
  const unescaped = markdown
    .replace(/^```diff\n[\s\S]*?\n```$/gm, "")
    .replace(/\\[\\`*_[\]<>|&~!#]/g, "");
  return unescaped.match(/[\\`*_[\]<>|&~]|^#+/gm) ?? [];
}

test.each([
  "| a cell | of its own |",
  "<img src=x onerror=alert(1)>",
  "[a link](https://example.com)",
  "`code`",
  "**bold** and _slanted_",
  "line one\n# line two",
  "&amp;",
])("what Markdown would act on is shown as it is: %j", (hostile) => {
  expect(markup(reportMarkdown(reportSaying(hostile)))).toEqual(
    markup(reportMarkdown(reportSaying("plain"))),
  );
});

test("what cannot be seen is written out in the Markdown", () => {
  const markdown = reportMarkdown(reportSaying("\u202e hidden \u200b"));

  expect(markdown).not.toMatch(/[\u202e\u200b]/);
  expect(markdown).toContain("u{202e} hidden");
});

test("no line of a failure can end the block that it is shown in", () => {
  const error = { code: "x", message: "one\n~~~\n# two\n~~~~text" };

  const markdown = reportMarkdown(aRunReport({ error, workspaces: [] }));

  expect(markdown.match(/^~~~/gm)).toHaveLength(2);
});
