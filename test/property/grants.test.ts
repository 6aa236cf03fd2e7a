import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { accessUnder } from "#manifest/access.ts";
import { exportManifest } from "#manifest/export.ts";
import { patternsOf } from "#manifest/patterns.ts";
import type { OwnerGrants } from "#manifest/policy-schema.ts";
import { planChanges } from "#reconcile/plan/plan.ts";
import { KINDS, NOTHING_KNOWN } from "#reconcile/state.ts";
import { planGrants } from "#sync/owner/plan-grants.ts";
import { everyGrant } from "../support/builders.ts";
import { issuesOf } from "../support/issues.ts";
import { OWNER, scenarios } from "./state-arbitraries.ts";

const texts = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 8 });
const patterns = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), maxLength: 6 });

test("a pattern allows what a regular expression with the same meaning does", () => {
  fc.assert(
    fc.property(fc.array(patterns, { maxLength: 3 }), texts, (list, text) => {
      const wanted = list.some((pattern) => {
        const source = pattern.replaceAll(".", "\\.").replaceAll(/\*+/g, ".*");
        return new RegExp(`^${source}$`).test(text);
      });

      expect(patternsOf(list).allow(text)).toBe(wanted);
    }),
    { numRuns: 5000 },
  );
});

/** Some of everything, as names in the scenarios are few. */
const grants: fc.Arbitrary<OwnerGrants> = fc
  .record({
    kinds: fc.subarray([...KINDS]),
    names: fc.subarray(["*a*", "*e*", "*1*", "*"]),
    externals: fc.subarray(["*a*", "*t*", "*"]),
    experiments: fc.subarray(["*a*", "*"]),
    hosts: fc.subarray(["*.com", "*"]),
    amount_max: fc.constantFrom(1, 10, 1_000_000),
    scopes: fc.subarray(["GLOBAL", "WORKSPACE", "ENDPOINT", "USER"] as const),
  })
  .map(({ amount_max, scopes, ...given }) =>
    everyGrant({ ...given, budgets: { amount_max, scopes: [...scopes], users: ["*"] } }),
  );

test("what is exported under a policy is what the policy grants", async () => {
  await fc.assert(
    fc.asyncProperty(scenarios, grants, async ({ actual, desired: { workspace } }, given) => {
      const access = accessUnder({ version: 2, owners: { [OWNER]: given } }, OWNER);

      const text = exportManifest(actual, { owner: OWNER, workspace, access });

      expect(await issuesOf(text, { access, sources: "any", allowLoopbackApiBase: true })).toEqual(
        [],
      );
    }),
    { numRuns: 300 },
  );
}, 120_000);

test("nothing on the gateway is changed or deleted that is not granted as it is", () => {
  let denied = 0;
  fc.assert(
    fc.property(scenarios, grants, ({ actual, desired }, given) => {
      const access = accessUnder({ version: 2, owners: { [OWNER]: given } }, OWNER);
      const asked = planGrants({ access });
      const options = { prune: true, grants: asked };

      const { plan, issues } = planChanges(desired, actual, NOTHING_KNOWN, options);

      denied += issues.filter(({ rule }) => rule === "not-granted").length;
      for (const change of plan.changes) {
        if (change.action === "create") continue;
        const wanted = change.action === "delete" ? undefined : change.desired;
        expect(asked?.existing(change.actual, wanted)).toEqual([]);
      }
    }),
    { numRuns: 1000 },
  );
  expect(denied).toBeGreaterThan(100);
}, 120_000);
