import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { dependenciesOf } from "#reconcile/kinds.ts";
import { type Change, planChanges } from "#reconcile/plan.ts";
import { type ActualResource, type DesiredState, keyOf } from "#reconcile/state.ts";
import { syncManifest } from "#reconcile/sync.ts";
import { asActual, desiredOf } from "../support/builders.ts";
import { MANIFEST_KEY, syncSetup } from "../support/sync-setup.ts";
import { manifests } from "./arbitraries.ts";

/** A gateway that some other manifest was applied to, of which nobody marked some resources. */
const actuals: fc.Arbitrary<ActualResource[]> = fc
  .tuple(manifests, fc.infiniteStream(fc.constantFrom("search", undefined)))
  .map(([manifest, owners]) =>
    desiredOf(manifest, "version-0").resources.map((resource) =>
      asActual(resource, { owner: owners.next().value }),
    ),
  );

const desireds: fc.Arbitrary<DesiredState> = manifests.map((manifest) => desiredOf(manifest));

/** What the gateway is after a plan was carried out: what the manifest does not state stays. */
function applied(actual: readonly ActualResource[], changes: readonly Change[]): ActualResource[] {
  const byKey = new Map(actual.map((resource) => [keyOf(resource), resource]));
  for (const { desired } of changes) {
    const before = byKey.get(keyOf(desired));
    byKey.set(keyOf(desired), asActual(desired, { fields: merged(before, desired.fields) }));
  }
  return [...byKey.values()];
}

function merged(before: ActualResource | undefined, after: object): object {
  const result: Record<string, unknown> = { ...before?.fields };
  for (const [field, value] of Object.entries(after)) {
    if (value === undefined) continue;
    const isMerged = field === "tags" || field === "fallback_config";
    result[field] = isMerged ? { ...(result[field] as object), ...value } : value;
  }
  return result;
}

test("a second plan after the first was applied is empty", () => {
  fc.assert(
    fc.property(desireds, actuals, (desired, actual) => {
      const { changes } = planChanges(desired, { resources: actual });

      const again = planChanges(desired, { resources: applied(actual, changes) });

      expect(again.changes).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test("a plan does not depend on the order of what is declared or of what is reported", () => {
  const shuffledBoth = fc.tuple(desireds, actuals).chain(([desired, actual]) =>
    fc.record({
      desired: fc.constant(desired),
      actual: fc.constant(actual),
      resources: shuffled(desired.resources),
      reported: shuffled(actual),
    }),
  );
  fc.assert(
    fc.property(shuffledBoth, ({ desired, actual, resources, reported }) => {
      expect(planChanges({ ...desired, resources }, { resources: reported })).toEqual(
        planChanges(desired, { resources: actual }),
      );
    }),
    { numRuns: 300 },
  );
});

test("whatever part of a plan is carried out, everything that it refers to exists", () => {
  fc.assert(
    fc.property(desireds, actuals, (desired, actual) => {
      const known = new Set(actual.map(keyOf));
      for (const change of planChanges(desired, { resources: actual }).changes) {
        for (const dependency of dependenciesOf(change.desired)) {
          expect(known).toContain(dependency);
        }
        known.add(keyOf(change.desired));
      }
    }),
    { numRuns: 300 },
  );
});

test("a plan changes each declared resource at most once, and no other", () => {
  fc.assert(
    fc.property(desireds, actuals, (desired, actual) => {
      const keys = planChanges(desired, { resources: actual }).changes.map((change) =>
        keyOf(change.desired),
      );

      expect(new Set(keys).size).toBe(keys.length);
      expect(desired.resources.map(keyOf)).toEqual(expect.arrayContaining(keys));
    }),
    { numRuns: 200 },
  );
});

test("any manifest after any other is applied and verified, and applying it again is quiet", async () => {
  await fc.assert(
    fc.asyncProperty(manifests, manifests, async (first, second) => {
      const { gateway, source, bucket, dependencies } = syncSetup();
      source.put("prod/openai", "value-one");
      const outcomes: (string | undefined)[] = [];
      for (const manifest of [first, second, second]) {
        bucket.put(MANIFEST_KEY, manifest);
        const report = await syncManifest(dependencies(), MANIFEST_KEY, { isLast: true });
        outcomes.push(report?.outcome);
      }

      expect(outcomes[0]).toBe("applied");
      expect(["applied", "unchanged"]).toContain(outcomes[1]);
      expect(outcomes[2]).toBe("unchanged");
      const names = (list: readonly { readonly name: string }[] = []) =>
        list.map(({ name }) => name);
      expect(names(gateway.visible().endpoints).sort()).toEqual(
        [...new Set([...names(first.endpoints), ...names(second.endpoints)])].sort(),
      );
    }),
    { numRuns: 200 },
  );
}, 60_000);

function shuffled<T>(values: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...values], { minLength: values.length });
}
