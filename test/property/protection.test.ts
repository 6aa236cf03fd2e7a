import { expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import type { Manifest } from "#manifest/types.ts";
import { aBudget, aModelDefinition, anEndpoint, aSecret } from "../support/builders.ts";
import { syncRuns } from "../support/sync-setup.ts";

/** Hundreds of runs, on a machine that may be busy with others. */
jest.setTimeout(120_000);

const level = fc.constantFrom<(true | false | "changes" | undefined)[]>(
  undefined,
  false,
  true,
  "changes",
  "changes",
);
const said = fc.record({ protected: level, variant: fc.nat(1) });
type Said = typeof said extends fc.Arbitrary<infer S> ? S : never;
const step = fc.record({
  secret: said,
  definition: said,
  endpoint: said,
  budget: said,
  isRotated: fc.boolean(),
  isApproved: fc.integer({ min: 0, max: 3 }).map((number) => number === 0),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function manifestOf({ secret, definition, endpoint, budget }: Step): Manifest {
  const addresses = ["https://one.example/v1", "https://two.example/v1"];
  return {
    version: 1,
    secrets: [
      aSecret({
        protected: secret.protected,
        auth_config: { auth_mode: "api_key", api_base: addresses[secret.variant] ?? "" },
      }),
    ],
    model_definitions: [
      aModelDefinition({
        protected: definition.protected,
        model_name: ["gpt-4o", "gpt-5"][definition.variant] ?? "",
      }),
    ],
    endpoints: [
      anEndpoint({
        protected: endpoint.protected,
        tags: { team: ["search", "ads"][endpoint.variant] ?? "" },
      }),
    ],
    budgets: [aBudget({ protected: budget.protected, budget_amount: 1 + budget.variant })],
  } as Manifest;
}

const KINDS = ["secret", "definition", "endpoint", "budget"] as const;

/** What of each kind a manifest decides. */
function stateOf({
  gateway,
}: ReturnType<typeof syncRuns>): Record<(typeof KINDS)[number], unknown> {
  const { secrets, definitions, endpoints, budgets } = gateway.visible();
  return {
    secret: JSON.stringify(secrets[0]?.auth_config),
    definition: definitions[0]?.model_name,
    endpoint: JSON.stringify(endpoints[0]?.tags),
    budget: budgets[0]?.budget_amount,
  };
}

/** Puts and, now and then, approves; returns whether it was let pass. */
async function take(
  runs: ReturnType<typeof syncRuns>,
  one: Step,
  levels: Levels,
): Promise<boolean> {
  const before = stateOf(runs);
  const guarded = KINDS.filter(
    (kind) => before[kind] !== undefined && [levels[kind], one[kind].protected].includes("changes"),
  );
  const report = await runs.putAndSync(manifestOf(one));
  for (const kind of guarded) expect([kind, stateOf(runs)[kind]]).toEqual([kind, before[kind]]);
  if (report?.outcome !== "refused") return true;
  if (!one.isApproved) return false;
  const approved = await runs.approve(report.workspaces[0]?.checksum);
  return approved?.outcome !== "refused";
}

/** As they were applied last. */
type Levels = Partial<Record<(typeof KINDS)[number], Said["protected"]>>;

test("what is protected from changes changes with somebody's word alone, and so does that", async () => {
  let passed = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 5 }), async (steps) => {
      const runs = syncRuns({ limits: { maxDeleteShare: 1, maxUpdateShare: 1 } });
      let levels: Levels = {};
      for (const [index, one] of steps.entries()) {
        if (one.isRotated) runs.source.put("prod/openai", `value-${index}`);
        const hasPassed = await take(runs, one, levels);
        passed += Number(hasPassed);
        refused += Number(!hasPassed);
        if (!hasPassed) continue;
        levels = Object.fromEntries(KINDS.map((kind) => [kind, one[kind].protected]));
        // What was let pass is as it was declared.
        expect(stateOf(runs)).toEqual(stateOf(await madeAnew(one)));
      }
    }),
    { numRuns: 60 },
  );
  expect(Math.min(passed, refused)).toBeGreaterThan(20);
});

async function madeAnew(one: Step): Promise<ReturnType<typeof syncRuns>> {
  const runs = syncRuns();
  await runs.putAndSync(manifestOf(one));
  return runs;
}
