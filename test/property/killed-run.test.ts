import { expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import type { Manifest } from "#manifest/types.ts";
import { OWNER_TAG_KEY } from "#runtime/marks.ts";
import { syncOwner } from "#sync/sync.ts";
import { aBudget, aModelDefinition, anEndpoint, aSecret } from "../support/builders.ts";
import { Killed, Killer } from "../support/killer.ts";
import { MANIFEST_KEY, syncSetup } from "../support/sync-setup.ts";

/** Every call of a run is tried as its last one. */
jest.setTimeout(300_000);

const LEASE_MS = 6 * 60 * 1000;
const OWNER = "search";

/** What a manifest declares, in the fewest words. */
interface Declared {
  readonly model: string;
  readonly endpoints: readonly string[];
  readonly budgets: readonly string[];
  readonly team: string;
}

function manifestOf({ model, endpoints, budgets, team }: Declared): Manifest {
  return {
    version: 1,
    secrets: [aSecret()],
    model_definitions: [aModelDefinition({ model_name: model })],
    endpoints: endpoints.map((name) => anEndpoint({ name, tags: { team } })),
    budgets: budgets.map((name) =>
      aBudget({ name, target_scope: "USER", target_value: `user-${name}` }),
    ),
  };
}

const declared: fc.Arbitrary<Declared> = fc.record({
  model: fc.constantFrom("gpt-4o", "gpt-5"),
  endpoints: fc.subarray(["chat", "talk"]),
  budgets: fc.subarray(["one", "two"]),
  team: fc.constantFrom("x", "y"),
});

/** What somebody does on the gateway between two runs, to what a run has left. */
const BY_HAND = {
  nothing: async () => undefined,
  rename: async ({ gateway }: Parts) => {
    const [endpoint] = gateway.visible().endpoints;
    if (!endpoint) return;
    const { endpoint_id, name } = endpoint;
    await gateway.endpoints.update({ endpoint_id, name: `${name}-ui` });
  },
  unmark: async ({ gateway }: Parts) => {
    const [endpoint] = gateway.visible().endpoints;
    if (!endpoint) return;
    await gateway.endpoints.deleteTag({ endpoint_id: endpoint.endpoint_id, key: OWNER_TAG_KEY });
  },
  delete: async ({ gateway }: Parts) => {
    const [endpoint] = gateway.visible().endpoints;
    if (endpoint) await gateway.endpoints.delete({ endpoint_id: endpoint.endpoint_id });
  },
  recreate: async ({ gateway }: Parts) => {
    const { endpoints, definitions } = gateway.visible();
    const [endpoint] = endpoints;
    const [definition] = definitions;
    if (!endpoint || !definition) return;
    await gateway.endpoints.delete({ endpoint_id: endpoint.endpoint_id });
    const { model_definition_id } = definition;
    await gateway.endpoints.create({
      name: endpoint.name,
      usage_tracking: false,
      model_configs: [{ model_definition_id, linkage_type: "PRIMARY", weight: 1 }],
      created_by: "alice",
    });
  },
};

type Parts = ReturnType<typeof syncSetup>;

interface Story {
  readonly before: Declared | undefined;
  readonly byHand: keyof typeof BY_HAND;
  readonly after: Declared;
  readonly prune: boolean;
}

const stories: fc.Arbitrary<Story> = fc.record({
  before: fc.option(declared, { nil: undefined }),
  byHand: fc.constantFrom(...(Object.keys(BY_HAND) as (keyof typeof BY_HAND)[])),
  after: declared,
  prune: fc.boolean(),
});

/** Plays a story up to the run that is to be killed. */
async function begun({ before, byHand, after, prune }: Story) {
  const parts = syncSetup({ prune, limits: { maxDeleteShare: 1, maxUpdateShare: 1 } });
  const { bucket, source, clock, dependencies, gateway } = parts;
  source.put("prod/openai", "value-one");
  let runs = 0;
  const run = async (killer: Killer) => {
    runs += 1;
    const given = dependencies(`run-${runs}`);
    const around = <T extends object>(target: T) => killer.around(target);
    clock.advance(LEASE_MS);
    return syncOwner(
      {
        ...given,
        gatewayOf: () => around(gateway),
        trackingOf: () => around(gateway.tracking),
        ledger: around(given.ledger),
        source: around(given.source),
        snapshots: around(given.snapshots),
        reports: around(given.reports),
        // Whatever a guard has against a plan: here it is about what comes of it.
        approvals: { approver: async () => "Ada" },
      },
      OWNER,
      { trigger: { kind: "manifest" }, isLast: true },
    );
  };
  const settle = async () => {
    for (let round = 0; round < 4; round += 1) {
      const report = await run(new Killer());
      if (!report || report.outcome === "unchanged") return;
    }
  };
  if (before) {
    bucket.put(MANIFEST_KEY, manifestOf(before));
    await run(new Killer());
    await BY_HAND[byHand](parts);
  }
  bucket.put(MANIFEST_KEY, manifestOf(after));
  return { ...parts, run, settle };
}

/** What is there, but for ids, times, and in which order. */
function picture({ gateway }: Parts) {
  const { secrets, definitions, endpoints, budgets } = gateway.visible();
  return {
    secrets: secrets.map(({ secret_name, created_by }) => [secret_name, created_by]).sort(),
    definitions: definitions.map(({ name, model_name }) => [name, model_name]).sort(),
    endpoints: endpoints
      .map(({ name, tags, created_by }) => [
        name,
        created_by,
        tags.map(({ key, value }) => `${key}=${value}`).sort(),
      ])
      .sort(),
    budgets: budgets.map(({ created_by }) => created_by).sort(),
  };
}

/** How many calls the run makes that is to be killed, and what it comes to if it is not. */
async function undisturbed(story: Story) {
  const played = await begun(story);
  const killer = new Killer();
  await played.run(killer);
  await played.settle();
  return { calls: killer.calls, result: picture(played) };
}

test("a run that is killed at any call, and repeated, comes to the same: nothing twice, nothing lost", async () => {
  let killed = 0;
  await fc.assert(
    fc.asyncProperty(
      stories,
      fc.nat(),
      fc.constantFrom("before", "after"),
      async (story, nth, moment) => {
        const { calls, result } = await undisturbed(story);
        const played = await begun(story);
        const end = played.run(new Killer(1 + (nth % calls), moment as "before"));
        const error = await end.then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (error !== undefined) {
          expect(error).toBeInstanceOf(Killed);
          killed += 1;
        }

        await played.settle();

        expect(picture(played)).toEqual(result);
        expect(await played.ledger.list({ name: "intent", version: 1 })).toEqual([]);
      },
    ),
    { numRuns: 400 },
  );
  expect(killed).toBeGreaterThan(200);
});

test("a first run that is killed at any call is made good by the next", async () => {
  const story: Story = {
    before: undefined,
    byHand: "nothing",
    after: { model: "gpt-4o", endpoints: ["chat", "talk"], budgets: ["one", "two"], team: "x" },
    prune: true,
  };
  const { calls, result } = await undisturbed(story);
  expect(calls).toBeGreaterThan(50);
  for (let nth = 1; nth <= calls; nth += 1) {
    for (const moment of ["before", "after"] as const) {
      const played = await begun(story);
      await played.run(new Killer(nth, moment)).catch(() => undefined);

      await played.settle();

      expect([nth, moment, picture(played)]).toEqual([nth, moment, result]);
    }
  }
});

test("nothing that was made by hand is deleted or changed unless it is declared", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stories, { minLength: 1, maxLength: 3 }), async (chapters) => {
      const [first] = chapters;
      if (!first) return;
      const played = await begun(first);
      for (const { after, byHand } of chapters) {
        const before = madeByHand(played).filter(({ name }) => !after.endpoints.includes(name));
        played.bucket.put(MANIFEST_KEY, manifestOf(after));

        await played.run(new Killer());

        expect(madeByHand(played)).toEqual(expect.arrayContaining(before));
        await BY_HAND[byHand](played);
      }
    }),
    { numRuns: 300 },
  );
});

/** Of what a person made and no run has adopted. */
function madeByHand({ gateway }: Parts) {
  return gateway
    .visible()
    .endpoints.filter(({ created_by, tags }) => created_by === "alice" && tags.length === 0)
    .map(({ endpoint_id, name, last_updated_at }) => ({ endpoint_id, name, last_updated_at }));
}
