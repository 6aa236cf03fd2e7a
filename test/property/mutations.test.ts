import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { dump } from "js-yaml";
import { type Access, accessUnder, OPEN } from "#manifest/access.ts";
import { checkFiles } from "#manifest/check-files.ts";
import { parseManifest } from "#manifest/parse.ts";
import { parsePolicy } from "#manifest/policy.ts";
import { toDesired } from "#manifest/to-desired.ts";
import type { ManifestIssue } from "#manifest/types.ts";
import { planChanges } from "#reconcile/plan/plan.ts";
import { type ActualState, keyOf, NOTHING_KNOWN } from "#reconcile/state.ts";
import { mutated } from "../support/mutations.ts";
import { rounds, seedFor } from "../support/soak.ts";
import { fullManifests } from "./arbitraries.ts";

const RUNS = rounds({ usual: 2_000, soak: 30_000 });
/** Of one file of some kilobytes, which takes milliseconds; a busy computer stops at times. */
const MS_MAX = 5_000;
const OWNER = "search";
const EMPTY: ActualState = {
  resources: [],
  experiments: new Map(),
  deletedExperiments: new Map(),
  guardrails: [],
  scorers: new Map(),
};

const policies = fc.record({
  version: fc.constant(2),
  owners: fc.dictionary(
    fc.constantFrom("*", OWNER, "ads"),
    fc.record(
      {
        kinds: fc.subarray(["secret", "model_definition", "endpoint", "budget"]),
        names: fc.array(fc.constantFrom("*", "a*", "*-b", "chat")),
        hosts: fc.array(fc.constantFrom("*", "api.openai.com")),
      },
      { requiredKeys: [] },
    ),
  ),
});

test(`of ${RUNS.toLocaleString("en-US")} mutated manifests under mutated policies each is found wrong, or planned, in bounded time`, async () => {
  const input = fc.record({
    manifest: mutated(fullManifests.map(textOf)),
    other: mutated(fullManifests.map(textOf)),
    policy: mutated(policies.map(textOf)),
  });
  await fc.assert(
    fc.asyncProperty(input, async ({ manifest, other, policy }) => {
      const begin = performance.now();
      const access = await accessOf(policy);
      const checked = await checkFiles({
        access,
        files: [
          { name: "a.yaml", parsed: await parseManifest(manifest) },
          { name: "b.yaml", parsed: await parseManifest(other) },
        ],
        frozenByFile: new Map(),
        sources: "any",
        allowLoopbackApiBase: false,
      });
      for (const { issues } of [...checked.invalid, ...checked.warnings]) expectIssues(issues);
      for (const [workspace, { valid }] of checked.workspaces) {
        const manifests = valid.map((file) => file.manifest);
        const desired = toDesired(OWNER, workspace, manifests);
        const { plan, issues } = planChanges(desired, EMPTY, NOTHING_KNOWN, { prune: true });
        // On an empty gateway everything is made, once, unless it is told as wrong.
        const made = plan.changes.flatMap((change) =>
          change.action === "create" ? keyOf(change.desired) : [],
        );
        const told = [...plan.blocked, ...issues].map(({ key }) => key);
        expect(made).toHaveLength(plan.changes.length);
        expect(new Set(made).size).toBe(made.length);
        const declared = desired.resources.map(keyOf);
        expect(declared).toEqual(expect.arrayContaining(made));
        expect([...made, ...told]).toEqual(expect.arrayContaining(declared));
      }
      expect(performance.now() - begin).toBeLessThan(MS_MAX);
    }),
    { numRuns: RUNS, seed: seedFor("mutations"), endOnFailure: true },
  );
}, 3_600_000);

function textOf(document: unknown): string {
  return dump(document);
}

async function accessOf(text: string): Promise<Access> {
  const parsed = await parsePolicy(text);
  if (parsed.isValid) return accessUnder(parsed.policy, OWNER);
  expectIssues(parsed.issues);
  return OPEN;
}

function expectIssues(issues: readonly ManifestIssue[]): void {
  expect(issues.length).toBeLessThanOrEqual(101);
  for (const { line, column, message } of issues) {
    expect(line).toBeGreaterThan(0);
    expect(column).toBeGreaterThan(0);
    expect(message).not.toBe("");
    expect(message).not.toMatch(/undefined|\[object|NaN/);
  }
}
