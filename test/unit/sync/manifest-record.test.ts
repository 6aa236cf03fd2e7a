import { expect, test } from "@jest/globals";
import { put } from "#runtime/ledger.ts";
import {
  isDue,
  isSettled,
  isUnsettled,
  MANIFESTS,
  type ManifestRecord,
  newsOf,
  recordManifests,
  recordOf,
} from "#sync/manifest-record.ts";
import { gravest, RUN_OUTCOMES, type RunOutcome } from "#sync/report/report.ts";
import { aMessage, messagesIn } from "../../support/builders.ts";
import { MemoryLedger } from "../../support/memory-ledger.ts";
import { MANIFEST_KEY } from "../../support/sync-setup.ts";

const MINUTE_MS = 60_000;

function aRecord(changes: Partial<ManifestRecord> = {}): ManifestRecord {
  return {
    attempted_version: "v1",
    policy_version: "p0",
    status: "applied",
    attempts: 1,
    at_ms: 0,
    ...changes,
  };
}

function aReport(outcome: RunOutcome, version_id = "v1") {
  return { key: MANIFEST_KEY, version_id, outcome };
}

function known(record: ManifestRecord | undefined) {
  return new Map(record ? [[MANIFEST_KEY, { id: MANIFEST_KEY, value: record, revision: 1 }]] : []);
}

function isNews(outcome: RunOutcome, record?: ManifestRecord, code?: string): boolean {
  return newsOf([aReport(outcome)], known(record), code).length === 1;
}

test.each(RUN_OUTCOMES)(
  "a version whose end is %s is settled unless it is to be tried again",
  (status) => {
    const isOpen = status === "retrying" || status === "pending";

    expect(isSettled(aRecord({ status }), "v1", "p0")).toBe(!isOpen);
    expect(isUnsettled(aRecord({ status }))).toBe(isOpen);
  },
);

test("another version, another policy, or none so far is not settled", () => {
  expect(isSettled(aRecord(), "v2", "p0")).toBe(false);
  expect(isSettled(aRecord(), "v1", "p1")).toBe(false);
  expect(isSettled(aRecord({ policy_version: "p1" }), "v1", "p0")).toBe(false);
  expect(isSettled(aRecord({ policy_version: "p1" }), "v1", "p1")).toBe(true);
  expect(isSettled(undefined, "v1", "p0")).toBe(false);
  expect(isUnsettled(undefined)).toBe(false);
});

test.each([
  [1, 0],
  [2, 1],
  [3, 3],
  [5, 15],
  [6, 30],
  [40, 30],
])(
  "after %i attempts a pending version waits %i minutes, to the millisecond",
  (attempts, minutes) => {
    const record = aRecord({ status: "pending", attempts, at_ms: 1000 });

    expect(isDue(record, "v1", "p0", 1000 + minutes * MINUTE_MS - 1)).toBe(false);
    expect(isDue(record, "v1", "p0", 1000 + minutes * MINUTE_MS)).toBe(true);
  },
);

test("only what is pending waits", () => {
  const pending = aRecord({ status: "pending", attempts: 9 });

  expect(isDue(undefined, "v1", "p0", 0)).toBe(true);
  expect(isDue(pending, "v2", "p0", 0)).toBe(true);
  expect(isDue(aRecord({ status: "retrying" }), "v1", "p0", 0)).toBe(true);
  expect(isDue(pending, "v1", "p1", 0)).toBe(true);
  expect(isDue(pending, "v1", "p0", 0)).toBe(false);
});

test("a version that was never attempted is news, unless it is tried again at once", () => {
  const outcomes = RUN_OUTCOMES.filter((outcome) => isNews(outcome));

  expect(outcomes).toEqual(RUN_OUTCOMES.filter((outcome) => outcome !== "retrying"));
  expect(
    newsOf([aReport("rejected", "v2")], known(aRecord({ status: "rejected" })), undefined),
  ).toHaveLength(1);
});

test("the same end of the same version is no news", () => {
  for (const status of RUN_OUTCOMES) expect(isNews(status, aRecord({ status }))).toBe(false);
});

test("what other files changed is no news of a file that was fine and is fine", () => {
  expect(isNews("unchanged", aRecord({ status: "applied" }))).toBe(false);
  expect(isNews("applied", aRecord({ status: "unchanged" }))).toBe(false);
});

test("another end of the same version is news", () => {
  expect(isNews("applied", aRecord({ status: "pending" }))).toBe(true);
  expect(isNews("unchanged", aRecord({ status: "rejected" }))).toBe(true);
  expect(isNews("rejected", aRecord({ status: "applied" }))).toBe(true);
});

test("what stays pending is news when the reason is another", () => {
  const record = aRecord({ status: "pending", pending_code: "gateway-network" });

  expect(isNews("pending", record, "gateway-network")).toBe(false);
  expect(isNews("pending", record, "gateway-login-not-admin")).toBe(true);
});

const FACTS = {
  policyVersion: "p1",
  reportKey: "runs/2.json",
  pendingCode: "down",
  refusedChecksums: ["c1"],
  atMs: 5,
};

test("a record keeps the version that was applied last beside the one that was attempted", () => {
  const before = aRecord({ applied_version: "v1" });

  expect(recordOf(aReport("rejected", "v2"), before, FACTS)).toEqual({
    attempted_version: "v2",
    policy_version: "p1",
    status: "rejected",
    applied_version: "v1",
    report_key: "runs/2.json",
    attempts: 1,
    at_ms: 5,
  });
  for (const outcome of ["applied", "unchanged"] as const) {
    expect(recordOf(aReport(outcome, "v2"), before, FACTS).applied_version).toBe("v2");
  }
});

test("attempts are counted while a version stays pending, with the reason", () => {
  const first = recordOf(aReport("pending"), aRecord({ status: "retrying" }), FACTS);
  const second = recordOf(aReport("pending"), first, FACTS);
  const other = recordOf(aReport("pending", "v2"), second, FACTS);
  const applied = recordOf(aReport("applied"), second, FACTS);

  expect([first, second, other].map(({ attempts }) => attempts)).toEqual([1, 2, 1]);
  expect([first.pending_code, applied.pending_code]).toEqual(["down", undefined]);
});

test.each(RUN_OUTCOMES)(
  "what waits for a word is noted of what is refused alone: %s",
  (outcome) => {
    const { refused_checksums } = recordOf(aReport(outcome), undefined, FACTS);

    expect(refused_checksums).toEqual(outcome === "refused" ? ["c1"] : undefined);
  },
);

test("what is pending stays so while it is tried again", () => {
  const pending = aRecord({ status: "pending", attempts: 3, pending_code: "down" });

  expect(recordOf(aReport("retrying"), pending, FACTS)).toEqual(pending);
  expect(recordOf(aReport("retrying", "v2"), pending, FACTS)).toMatchObject({
    status: "retrying",
    attempts: 1,
  });
});

test.each([0, 1, 90, 91, 200])(
  "%i records are written, the message with the last of them",
  async (count) => {
    const ledger = new MemoryLedger();
    const keys = Array.from({ length: count }, (_, index) => `manifests/search/${index}.yaml`);
    const next = new Map(keys.map((key) => [key, aRecord()]));
    const note = put({ name: "note", version: 1 }, "search", {}, undefined);

    await recordManifests(ledger, new Map(), next, [note], [aMessage()]);

    expect(await ledger.list(MANIFESTS)).toHaveLength(count);
    expect(await messagesIn(ledger)).toEqual([aMessage()]);
    expect(ledger.written.slice(-3).map((write) => JSON.parse(write).kind)).toEqual([
      "note",
      "once",
      "outbox",
    ]);
  },
);

test("a file that is gone is forgotten", async () => {
  const ledger = new MemoryLedger();
  const next = new Map([[MANIFEST_KEY, aRecord()]]);
  await recordManifests(ledger, new Map(), next, [], []);
  const [record] = await ledger.list(MANIFESTS);
  const records = new Map(record ? [[MANIFEST_KEY, record]] : []);

  await recordManifests(ledger, records, new Map(), [], []);

  expect(await ledger.list(MANIFESTS)).toEqual([]);
});

test("records that another run has written meanwhile are not overwritten", async () => {
  const ledger = new MemoryLedger();
  await recordManifests(ledger, new Map(), new Map([[MANIFEST_KEY, aRecord()]]), [], []);

  const again = recordManifests(ledger, new Map(), new Map([[MANIFEST_KEY, aRecord()]]), [], []);

  await expect(again).rejects.toMatchObject({ code: "ledger-conflict", disposition: "retry" });
});

test("of several ends the gravest is that of the run", () => {
  expect(gravest([])).toBe("unchanged");
  expect(gravest(["applied", "unchanged"])).toBe("applied");
  expect(gravest(["pending", "failed", "rejected"])).toBe("failed");
  expect(gravest(["retrying", "applied"])).toBe("retrying");
});
