import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { TRAITS } from "#reconcile/kinds.ts";
import { guardPlan } from "#reconcile/plan/guard.ts";
import { planChanges } from "#reconcile/plan/plan.ts";
import {
  type ActualResource,
  type DesiredResource,
  KINDS,
  type Kind,
  NOTHING_KNOWN,
} from "#reconcile/state.ts";
import { leftBefore } from "../support/states.ts";

/** The least of each kind; `variant` makes two differ. */
const FIELDS: Readonly<Record<Kind, (variant: string) => object>> = {
  secret: (variant) => ({ provider: "openai", source_version: variant }),
  model_definition: (variant) => ({ provider: "openai", model_name: variant }),
  endpoint: (variant) => ({ models: [], tags: { variant } }),
  budget: (variant) => ({
    budget_unit: "USD",
    budget_amount: variant === "old" ? 1 : 2,
    duration: { unit: "DAYS", value: 1 },
    target_scope: "USER",
    target_value: "somebody",
    budget_action: "ALERT",
  }),
};

const counts = fc.nat(60).chain((owned) =>
  fc.nat(owned).chain((deletes) =>
    fc.record({
      kind: fc.constantFrom(...KINDS),
      owned: fc.constant(owned),
      deletes: fc.constant(deletes),
      updates: fc.nat(owned - deletes),
      adoptions: fc.nat(3),
      deletePercent: fc.nat(100),
      updatePercent: fc.nat(100),
    }),
  ),
);

test("deletes and updates trip exactly where the arithmetic of whole numbers says so", () => {
  fc.assert(
    fc.property(counts, (count) => {
      const { kind, owned, deletes, updates, adoptions, deletePercent, updatePercent } = count;
      const resource = (name: string, variant: string) =>
        ({ kind, name, fields: FIELDS[kind](variant) }) as DesiredResource;
      const names = Array.from({ length: owned }, (_, index) => `r${index}`);
      const unmarked = Array.from({ length: adoptions }, (_, index) => `u${index}`);
      const mine = names.map((name) => actual(resource(name, "old"), "search"));
      const theirs = unmarked.map((name) => actual(resource(name, "old"), undefined));
      const desired = {
        owner: "search",
        workspace: "default",
        in_scope: [kind],
        resources: [
          ...names
            .slice(deletes)
            .map((name, index) => resource(name, index < updates ? "new" : "old")),
          ...unmarked.map((name) => resource(name, "new")),
          resource("one-more", "new"),
        ],
        externals: [],
      };
      const state = {
        resources: [...mine, ...theirs],
        experiments: new Map(),
        deletedExperiments: new Map<string, string>(),
        guardrails: [],
        scorers: new Map(),
      };

      const known = leftBefore(NOTHING_KNOWN, mine);
      const { plan, issues } = planChanges(desired, state, known, { prune: true });
      const trips = guardPlan(plan, desired, state, known, {
        maxDeleteShare: deletePercent / 100,
        maxUpdateShare: updatePercent / 100,
      });

      expect(issues).toEqual([]);
      expect(plan.owned_before[kind]).toBe(owned);
      const isMany = owned >= 10;
      const expected = {
        "delete-share": isMany && 100 * deletes > deletePercent * owned,
        "update-share": isMany && 100 * updates > updatePercent * owned,
        "delete-all": !isMany && deletes > 0 && deletes === owned,
        "delete-count": !isMany && deletes > 2 && deletes < owned,
      };
      expect(trips.map(({ guard }) => guard)).toEqual(
        Object.entries(expected).flatMap(([guard, isTripped]) => (isTripped ? [guard] : [])),
      );
      for (const { message, is_approvable } of trips) {
        expect(is_approvable).toBe(true);
        expect(message).toContain(TRAITS[kind].nouns);
        expect(message).toContain(`approvals/${plan.checksum}`);
      }
    }),
    { numRuns: 1000 },
  );
});

test("a listing counts as truncated exactly when more than 30 % of 10 or more are missing", () => {
  fc.assert(
    fc.property(fc.nat(60), fc.nat(60), (listed, missing) => {
      const name = (index: number) => `r${index}`;
      const secret = (index: number) =>
        ({ kind: "secret", name: name(index), fields: { provider: "openai" } }) as const;
      const resources = Array.from({ length: listed }, (_, index) =>
        actual(secret(index), "search"),
      );
      const known = {
        ...NOTHING_KNOWN,
        owned: new Map(
          Array.from({ length: listed + missing }, (_, index) => [
            `secret id-of-${name(index)}` as const,
            name(index),
          ]),
        ),
      };
      const desired = {
        owner: "search",
        workspace: "default",
        in_scope: ["secret" as const],
        resources: Array.from({ length: listed + missing + 1 }, (_, index) => secret(index)),
        externals: [],
      };
      const state = {
        resources,
        experiments: new Map(),
        deletedExperiments: new Map<string, string>(),
        guardrails: [],
        scorers: new Map(),
      };

      const { plan } = planChanges(desired, state, known, { prune: true });
      const guards = guardPlan(plan, desired, state, known).map(({ guard }) => guard);

      const total = listed + missing;
      const isTruncated = listed > 0 && total >= 10 && 10 * missing > 3 * total;
      expect(guards).toEqual([
        ...(listed === 0 && missing > 0 ? ["empty-listing"] : []),
        ...(isTruncated ? ["truncated-listing"] : []),
      ]);
    }),
    { numRuns: 1000 },
  );
});

function actual(resource: DesiredResource, owner: string | undefined): ActualResource {
  return {
    ...resource,
    id: `id-of-${resource.name}`,
    ...(owner === undefined ? {} : { owner }),
  } as ActualResource;
}
