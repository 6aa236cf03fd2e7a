import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Change, keyOfChange, type Plan } from "#reconcile/change.ts";
import { dependenciesOf, effectiveOwner } from "#reconcile/kinds.ts";
import { checksumOf, fingerprintOf } from "#reconcile/plan/checksum.ts";
import { compareFields } from "#reconcile/plan/compare.ts";
import { guardPlan } from "#reconcile/plan/guard.ts";
import { cyclesOf } from "#reconcile/plan/order.ts";
import { planChanges } from "#reconcile/plan/plan.ts";
import { recognised } from "#reconcile/plan/recognise.ts";
import {
  type ActualResource,
  type ActualState,
  identityOf,
  KINDS,
  keyOf,
  partsOf,
  type ResourceKey,
} from "#reconcile/state.ts";
import { applied } from "./apply-model.ts";
import {
  OWNER,
  puzzlingScenarios,
  type Scenario,
  scenarios,
  shuffledScenario,
} from "./state-arbitraries.ts";

const RUNS = { numRuns: 1000 };

interface Planned extends Scenario {
  readonly plan: Plan;
  readonly prune: boolean;
}

/** Plans as a run does: without what is refused, which is frozen instead, until nothing is. */
function planned(scenario: Scenario, prune: boolean): Planned {
  const { plan, issues } = planChanges(scenario.desired, scenario.actual, scenario.known, {
    prune,
  });
  if (issues.length === 0) return { ...scenario, plan, prune };
  const refused = new Set(issues.map(({ key }) => key));
  const { desired, known } = scenario;
  return planned(
    {
      ...scenario,
      desired: {
        ...desired,
        resources: desired.resources.filter((resource) => !refused.has(keyOf(resource))),
        externals: desired.externals.filter((key) => !refused.has(key)),
      },
      known: { ...known, frozen: new Set([...known.frozen, ...refused]) },
    },
    prune,
  );
}

const plans: fc.Arbitrary<Planned> = fc
  .tuple(scenarios, fc.boolean())
  .map(([scenario, prune]) => planned(scenario, prune));

const puzzlingPlans: fc.Arbitrary<Planned> = fc
  .tuple(puzzlingScenarios, fc.boolean())
  .map(([scenario, prune]) => planned(scenario, prune));

function afterAll(actual: ActualState, changes: readonly Change[]): ActualState {
  return changes.reduce(applied, actual);
}

test("applying a plan makes everything that is declared so, and nothing else", () => {
  fc.assert(
    fc.property(plans, ({ desired, actual, plan }) => {
      const after = afterAll(actual, plan.changes);

      const byKey = new Map(after.resources.map((resource) => [keyOf(resource), resource]));
      const wrong = desired.resources.flatMap((resource): unknown[] => {
        const made = byKey.get(keyOf(resource));
        return made ? compareFields(resource, made, after.experiments) : [keyOf(resource)];
      });
      expect(wrong).toEqual([]);
      const touched = new Set(plan.changes.flatMap((change) => idsOf(change)));
      const names = (resources: readonly ActualResource[]) =>
        resources
          .filter(({ id }) => !touched.has(id))
          .map(keyOf)
          .sort();
      const created = new Set(
        plan.changes.filter(({ action }) => action === "create").map(keyOfChange),
      );
      expect(names(after.resources).filter((key) => !created.has(key))).toEqual(
        names(actual.resources),
      );
    }),
    RUNS,
  );
});

test("a second plan after the first was applied is empty", () => {
  fc.assert(
    fc.property(plans, ({ desired, actual, known, plan, prune }) => {
      const after = recognised(afterAll(actual, plan.changes), desired, known);

      const again = planChanges(desired, after, known, { prune });

      expect(again.issues).toEqual([]);
      expect(again.plan.changes).toEqual([]);
    }),
    RUNS,
  );
});

test("a plan does not depend on the order of anything that it is made of", () => {
  const twice = puzzlingScenarios.chain((scenario) =>
    fc.record({
      scenario: fc.constant(scenario),
      shuffled: shuffledScenario(scenario),
      prune: fc.boolean(),
    }),
  );
  fc.assert(
    fc.property(twice, ({ scenario, shuffled, prune }) => {
      const one = planChanges(scenario.desired, scenario.actual, scenario.known, { prune });
      const other = planChanges(shuffled.desired, shuffled.actual, shuffled.known, { prune });

      expect(other.plan.checksum).toBe(one.plan.checksum);
      expect(other.plan.notices).toEqual(one.plan.notices);
      expect(other.plan.blocked).toEqual(one.plan.blocked);
      expect(other.issues.map(({ key, rule }) => [key, rule])).toEqual(
        one.issues.map(({ key, rule }) => [key, rule]),
      );
    }),
    RUNS,
  );
});

test("whatever part of a plan is carried out, nothing names what does not exist", () => {
  fc.assert(
    fc.property(puzzlingPlans, ({ desired, actual, known, plan }) => {
      const trips = guardPlan(plan, desired, actual, known);
      const isInUse = trips.some(({ guard }) => guard === "in-use");
      const stuck = new Set(plan.blocked.map(({ key }) => key));
      const danglingBefore = dangling(actual);
      const circular = circularDeletes(plan);
      let state = actual;
      for (const change of plan.changes) {
        if (change.action === "delete" && isInUse) break;
        const needed = change.action === "delete" ? [] : dependenciesOf(change.desired);
        if (needed.some((key) => stuck.has(key))) {
          stuck.add(keyOfChange(change));
          continue;
        }
        const existing = new Set(state.resources.map(keyOf));
        const missing = needed.filter((key) => !existing.has(key));
        state = applied(state, change);
        const broken = [...dangling(state)].filter(
          (one) => !danglingBefore.has(one) && !circular.has(one),
        );
        expect([...missing, ...broken]).toEqual([]);
      }
    }),
    RUNS,
  );
});

test("only what the owner has, in scope, is deleted; nothing frozen, protected, external or declared", () => {
  fc.assert(
    fc.property(puzzlingScenarios, fc.boolean(), ({ desired, actual, known }, prune) => {
      const { plan } = planChanges(desired, actual, known, { prune });
      const declared = new Set(desired.resources.map(keyOf));
      const wrong = plan.changes.filter((change) => {
        if (change.action !== "delete") return false;
        const key = keyOf(change.actual);
        return !(
          effectiveOwner(change.actual) === OWNER &&
          desired.in_scope.includes(change.actual.kind) &&
          [known.frozen, known.protected, declared].every((keys) => !keys.has(key)) &&
          !desired.externals.includes(key) &&
          (prune || change.reason === "renamed")
        );
      });
      expect(wrong).toEqual([]);
    }),
    RUNS,
  );
});

test("nothing of another owner is changed, and each resource at most once", () => {
  fc.assert(
    fc.property(puzzlingPlans, ({ plan }) => {
      const keys = plan.changes.map(keyOfChange);

      expect(new Set(keys).size).toBe(keys.length);
      const owners = plan.changes.map((change) =>
        change.action === "create" ? OWNER : effectiveOwner(change.actual),
      );
      expect(owners.filter((owner) => owner !== undefined && owner !== OWNER)).toEqual([]);
    }),
    RUNS,
  );
});

test("an id never names two declarations, and what goes is known by its id", () => {
  fc.assert(
    fc.property(puzzlingScenarios, fc.boolean(), ({ desired, actual, known }, prune) => {
      const { plan, issues, ids } = planChanges(desired, actual, known, { prune });
      const rejected = new Set(issues.map(({ key }) => key));

      const named = [...ids].filter(([key]) => !rejected.has(key));
      const identities = named.map(([key, id]) => identityOf({ kind: partsOf(key).kind, id }));
      expect(new Set(identities).size).toBe(identities.length);
      for (const change of plan.changes) {
        if (change.action !== "delete") continue;
        expect(known.owned.has(identityOf(change.actual))).toBe(true);
        expect(identities).not.toContain(identityOf(change.actual));
      }
    }),
    RUNS,
  );
});

test("while prune is suspended nothing is deleted", () => {
  fc.assert(
    fc.property(scenarios, ({ desired, actual, known }) => {
      const options = { prune: true, pruneSuspended: "a.yaml is invalid" };
      const { plan } = planChanges(desired, actual, known, options);

      expect(plan.changes.filter(({ action }) => action === "delete")).toEqual([]);
    }),
    RUNS,
  );
});

test("creates and updates go down the levels, deletes come last and go up", () => {
  fc.assert(
    fc.property(plans, ({ plan }) => {
      const places = plan.changes.map((change) =>
        change.action === "delete"
          ? 2 * KINDS.length - KINDS.indexOf(change.actual.kind)
          : KINDS.indexOf(change.desired.kind),
      );

      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }),
    RUNS,
  );
});

test("a plan keeps its checksum through JSON, and any alteration is noticed", () => {
  fc.assert(
    fc.property(plans, fc.nat(), ({ plan }, index) => {
      const read = JSON.parse(JSON.stringify(plan)) as Plan;
      expect(checksumOf(read)).toBe(plan.checksum);

      const change = read.changes[index % Math.max(1, read.changes.length)];
      if (!change) return;
      const altered = { ...read, changes: read.changes.filter((other) => other !== change) };
      expect(checksumOf(altered)).not.toBe(plan.checksum);
    }),
    RUNS,
  );
});

test("a plan is stale when anything that it touches or needs is not as it was", () => {
  fc.assert(
    fc.property(plans, fc.nat(), ({ desired, actual, known, plan, prune }, index) => {
      const touched = actual.resources.filter((resource) => touchedKeys(plan).has(keyOf(resource)));
      const victim = touched[index % Math.max(1, touched.length)];
      fc.pre(victim !== undefined);
      const changed = { ...actual, resources: replaced(actual.resources, victim) };

      expect(fingerprintOf(plan, changed)).not.toBe(plan.fingerprint);
      const { plan: again } = planChanges(desired, changed, known, { prune });
      expect(again.checksum).not.toBe(plan.checksum);
    }),
    RUNS,
  );
});

test("a plan stays fresh when anything else changes", () => {
  fc.assert(
    fc.property(plans, fc.nat(), ({ desired, actual, known, plan, prune }, index) => {
      const others = actual.resources.filter((resource) => !touchedKeys(plan).has(keyOf(resource)));
      const victim = others[index % Math.max(1, others.length)];
      const changed = { ...actual, resources: replaced(actual.resources, victim) };
      expect(fingerprintOf(plan, changed)).toBe(plan.fingerprint);

      const stranger = { ...STRANGER, id: `s-${index}` };
      const grown = { ...actual, resources: [stranger, ...actual.resources] };
      const { plan: again } = planChanges(desired, grown, known, { prune });
      expect(again.checksum).toBe(plan.checksum);
    }),
    RUNS,
  );
});

const STRANGER: ActualResource = {
  kind: "secret",
  id: "s-1",
  name: "stranger",
  owner: "other",
  fields: { provider: "openai" },
};

/** Of endpoints that go and name each other in a circle one has to be the first. */
function circularDeletes({ changes }: Plan): Set<string> {
  const deleted = changes.flatMap((change) => (change.action === "delete" ? [change.actual] : []));
  const ids = new Map(deleted.map((resource) => [keyOf(resource), resource.id]));
  return new Set(
    cyclesOf(deleted).flatMap((cycle) =>
      cycle.map((key, index) => `${ids.get(key)} names ${cycle[(index + 1) % cycle.length]}`),
    ),
  );
}

function idsOf(change: Change): string[] {
  return change.action === "create" ? [] : [change.actual.id];
}

/** The same list with another id for one: as if it had been deleted and made again. */
function replaced(
  resources: readonly ActualResource[],
  victim: ActualResource | undefined,
): ActualResource[] {
  return resources.map((resource) =>
    resource === victim ? { ...resource, id: `${resource.id}-again` } : resource,
  );
}

function touchedKeys({ changes }: Plan): Set<ResourceKey> {
  const keys = new Set<ResourceKey>();
  for (const change of changes) {
    const resources = [
      ...(change.action === "create" ? [] : [change.actual]),
      ...(change.action === "delete" ? [] : [change.desired]),
    ];
    for (const resource of resources) {
      for (const key of [keyOf(resource), ...dependenciesOf(resource)]) keys.add(key);
    }
  }
  return keys;
}

/** What is named but does not exist, and by whom (by id, which a rename leaves alone). */
function dangling({ resources }: ActualState): Set<string> {
  const existing = new Set(resources.map(keyOf));
  return new Set(
    resources.flatMap((resource) =>
      dependenciesOf(resource)
        .filter((key) => !existing.has(key))
        .map((key) => `${resource.id} names ${key}`),
    ),
  );
}
