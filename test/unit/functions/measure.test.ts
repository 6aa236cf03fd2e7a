import type { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit } from "@aws-lambda-powertools/metrics";
import { expect, jest, test } from "@jest/globals";
import type { Drift } from "#sync/drift.ts";
import type { RunOutcome, RunReport } from "#sync/report/report.ts";
import type { Handled } from "../../../functions/config-sync/handle-trigger.ts";
import { measure } from "../../../functions/config-sync/measure.ts";
import type { Trigger } from "../../../functions/config-sync/trigger.ts";
import { measure as measurePublished } from "../../../functions/message-publisher/measure.ts";
import { openMetrics } from "../../../functions/metrics.ts";
import { aWorkspaceReport } from "../../support/reports.ts";

const PUT: Trigger = {
  look: "owner",
  owner: "search",
  put: { key: "manifests/search/gateway.yaml" },
};
const NOTHING: Handled = { reports: [], drifts: [] };

/** What is written to the output of the function, and what is logged. */
function measured(trigger: Trigger, done: Handled) {
  return writtenBy((logger) => measure(logger, openMetrics(), trigger, done));
}

function writtenBy(work: (logger: Logger) => void) {
  const logged: [string, object][] = [];
  const info = (message: string, fields: object) => void logged.push([message, fields]);
  const lines: string[] = [];
  const stdout = jest.spyOn(process.stdout, "write").mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
  try {
    work({ info, error: info } as unknown as Logger);
  } finally {
    stdout.mockRestore();
  }
  return { logged, published: lines.map((line) => JSON.parse(line)) };
}

function aReport(outcome: RunOutcome, changes: Partial<RunReport> = {}): RunReport {
  return {
    version: 1,
    server: "https://mlflow.example.com",
    run_id: "run-1",
    owner: "search",
    trigger: { kind: "manifest", key: "manifests/search/gateway.yaml" },
    outcome,
    started_at: "2026-11-23T12:00:00.000Z",
    finished_at: "2026-11-23T12:00:01.500Z",
    timings_ms: { plan: 500, apply: 1000 },
    manifests: [],
    deleted_manifests: [],
    workspaces: [],
    requests: { listSecrets: 1 },
    ...changes,
  };
}

const PARTLY_FAILED = aReport("failed", {
  workspaces: [
    aWorkspaceReport({
      outcome: "failed",
      outcomes: [
        { key: "secret/a", outcome: "applied", id: "id-1", duration_ms: 1 },
        { key: "model_definition/a", outcome: "applied", id: "id-1", duration_ms: 1 },
        {
          key: "endpoint/a",
          outcome: "failed",
          duration_ms: 1,
          code: "gateway-status",
          message: "no",
          disposition: "reject",
        },
        { key: "budget/a", outcome: "skipped", because: "endpoint/a" },
      ],
    }),
  ],
});

/** Whether CloudWatch would take the line: the rules of its embedded metric format. */
function expectEmf(line: Record<string, unknown>): void {
  const { _aws } = line as {
    _aws: {
      Timestamp: number;
      CloudWatchMetrics: {
        Namespace: string;
        Dimensions: string[][];
        Metrics: { Name: string; Unit: string }[];
      }[];
    };
  };
  expect(Number.isInteger(_aws.Timestamp)).toBe(true);
  expect(_aws.CloudWatchMetrics).toHaveLength(1);
  for (const { Namespace, Dimensions, Metrics } of _aws.CloudWatchMetrics) {
    expect(Namespace).toBe("GatewayOps");
    // The function's name: anything with more values would be a metric for each of them.
    expect(Dimensions).toEqual([["service"]]);
    expect(typeof line.service).toBe("string");
    expect(Metrics.length).toBeGreaterThan(0);
    expect(Metrics.length).toBeLessThanOrEqual(10);
    for (const { Name, Unit } of Metrics) {
      const values = [line[Name]].flat();
      expect(values.length).toBeLessThanOrEqual(100);
      expect(values.filter((value) => !Number.isFinite(value))).toEqual([]);
      expect(Object.values(MetricUnit)).toContain(Unit);
    }
  }
}

test("what is published is in the embedded metric format, with at most ten metrics", () => {
  const drift: Drift = { owner: "search", workspace: "default", resources: 3 };
  const all = [
    measured(PUT, { ...NOTHING, reports: [PARTLY_FAILED, aReport("unchanged")] }),
    measured({ look: "drift" }, { ...NOTHING, drifts: [{ ...drift, report: aReport("drifted") }] }),
  ];

  for (const { published } of all) {
    expect(published).toHaveLength(1);
    published.forEach(expectEmf);
  }
});

test("a run of many owners stays within what a line may hold", () => {
  const reports = Array.from({ length: 250 }, () => aReport("unchanged"));

  const { published } = measured(PUT, { ...NOTHING, reports });

  published.forEach(expectEmf);
  expect(published.flatMap(({ RunDuration }) => RunDuration)).toHaveLength(250);
});

test("changes are counted by what became of them", () => {
  const { published } = measured(PUT, { ...NOTHING, reports: [PARTLY_FAILED] });

  expect(published).toMatchObject([
    { ChangesApplied: 2, ChangesFailed: 1, RunsRefused: 0, RunsRejected: 0, RunDuration: 1500 },
  ]);
});

test.each([
  ["refused", "RunsRefused"],
  ["rejected", "RunsRejected"],
  ["pending", "RunsPending"],
] as const)("a run that is %s is counted as that", (outcome, metric) => {
  const { published } = measured(PUT, { ...NOTHING, reports: [aReport(outcome)] });

  expect(published).toMatchObject([
    { RunsRefused: 0, RunsRejected: 0, RunsPending: 0, [metric]: 1 },
  ]);
});

test("a look for drift always says how much there is, be it known, new or none", () => {
  const drifts: Drift[] = [
    { owner: "search", workspace: "default", resources: 2 },
    { owner: "ads", workspace: "default", resources: 1, report: aReport("drifted") },
  ];

  expect(measured({ look: "drift" }, { ...NOTHING, drifts }).published).toMatchObject([
    { DriftedResources: 3 },
  ]);
  expect(measured({ look: "drift" }, NOTHING).published).toMatchObject([{ DriftedResources: 0 }]);
});

test("every message is logged with what it asked for, and each run with what became of it", () => {
  const { logged } = measured(PUT, { ...NOTHING, reports: [aReport("applied")] });

  expect(logged).toMatchObject([
    ["message handled", { trigger: PUT }],
    ["run ended", { run_id: "run-1", owner: "search", outcome: "applied" }],
  ]);
});

test("where nothing was done nothing is published", () => {
  const { logged, published } = measured(PUT, NOTHING);

  expect(logged).toEqual([["message handled", { trigger: PUT }]]);
  expect(published).toEqual([]);
});

test("each wake of the publisher says what waits and for how long, also when nothing does", () => {
  const waiting = writtenBy((logger) =>
    measurePublished(logger, openMetrics(), {
      published: ["one"],
      unpublished: [{ id: "two", reason: "throttled" }],
      oldestAgeMs: 90_400,
    }),
  );
  const idle = writtenBy((logger) =>
    measurePublished(logger, openMetrics(), { published: [], unpublished: [], oldestAgeMs: 0 }),
  );

  expect(waiting.published).toMatchObject([{ MessagesUnpublished: 1, OldestMessageAge: 90 }]);
  expect(waiting.logged).toEqual([
    ["messages published", { ids: ["one"] }],
    ["message not published", { id: "two", reason: "throttled" }],
  ]);
  expect(idle.published).toMatchObject([{ MessagesUnpublished: 0, OldestMessageAge: 0 }]);
  expect(idle.logged).toEqual([]);
  [...waiting.published, ...idle.published].forEach(expectEmf);
});
