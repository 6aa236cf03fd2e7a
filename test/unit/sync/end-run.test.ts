import { expect, test } from "@jest/globals";
import { tellingOf } from "#sync/end-run.ts";
import { RUN_OUTCOMES } from "#sync/report/report.ts";

test("what is told of a run hangs on its outcome and on whether any file has news", () => {
  const table = RUN_OUTCOMES.map((outcome) => [
    outcome,
    tellingOf(outcome, true),
    tellingOf(outcome, false),
  ]);

  expect(table).toEqual([
    ["unchanged", "report", "report"],
    ["planned", "report-and-message", "nothing"],
    ["applied", "report-and-message", "report-and-message"],
    ["held", "report-and-message", "nothing"],
    ["drifted", "report-and-message", "nothing"],
    ["retrying", "report", "report"],
    ["pending", "report-and-message", "nothing"],
    ["refused", "report-and-message", "report-and-message"],
    ["rejected", "report-and-message", "nothing"],
    ["failed", "report-and-message", "nothing"],
  ]);
});
