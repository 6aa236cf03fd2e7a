import { expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import { GatewayNetworkError } from "#gateway/errors.ts";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { isProbe } from "#runtime/marks.ts";
import { Redacted } from "#runtime/redacted.ts";
import { probeValue } from "#secrets/probe/probe-value.ts";
import { pushChanged } from "#secrets/push-changed.ts";
import { applySetup } from "../support/apply-setup.ts";
import { arnOf } from "../support/fake-secret-source.ts";
import { Killed, Killer } from "../support/killer.ts";
import { definition, endpoint, secret } from "../support/states.ts";

/** Every call of a push is tried as its last one. */
jest.setTimeout(120_000);

const LEASE_MS = 61_000;
const HOUR_MS = 60 * 60 * 1000;
const REFUSED = "value-refused";

const VERDICTS: ReadonlyMap<number, string> = new Map([
  [200, "proven"],
  [401, "refused"],
]);

/** A secret of which values are tried; each push is a run of its own, in which it can be killed. */
async function setup() {
  const parts = applySetup();
  const { gateway, ledger, source, clock, dependencies } = parts;
  source.put("prod/openai", "value-one");
  await parts.apply([secret("openai-prod", { probe: true }), definition(), endpoint()]);
  gateway.upstream = ({ values }) => (values.api_key === REFUSED ? 401 : 200);
  let runs = 0;
  const push = async (versionId: string, killer = new Killer()) => {
    runs += 1;
    const run = {
      ...dependencies,
      runId: `push-${runs}`,
      ledger: killer.around(ledger),
      source: killer.around(source),
      gatewayOf: () => killer.around(gateway),
      invocationsOf: () => killer.around(gateway.invocations),
    };
    const trigger = { sourceArn: arnOf("prod/openai"), versionId };
    const done = await pushChanged(run, trigger, { isLast: true }).catch((error: unknown) => error);
    if (done instanceof Error && !(done instanceof Killed)) throw done;
    clock.advance(LEASE_MS);
    return done;
  };
  const held = () => gateway.storedValue("openai-prod")?.api_key;
  const left = () => {
    const { secrets, definitions, endpoints } = gateway.visible();
    const made = secrets.map((one) => ({ ...one, name: one.secret_name }));
    return [...made, ...definitions, ...endpoints].filter(isProbe);
  };
  return { ...parts, push, held, left };
}

/** How many calls a push makes that nobody kills. */
async function callsOf(value: string): Promise<number> {
  const { source, push } = await setup();
  const killer = new Killer();
  await push(source.put("prod/openai", value), killer);
  return killer.calls;
}

test.each(["value-two", REFUSED])(
  "a push of %s that is killed at any call ends well with the next, and later nothing is left",
  async (value) => {
    const calls = await callsOf(value);
    expect(calls).toBeGreaterThan(15);
    const expected = value === REFUSED ? "value-one" : value;
    for (let last = 1; last <= calls; last += 1) {
      for (const moment of ["before", "after"] as const) {
        const { gateway, source, push, held, left } = await setup();
        const versionId = source.put("prod/openai", value);

        await push(versionId, new Killer(last, moment));
        expect(["value-one", expected]).toContain(held());
        await push(versionId);
        expect([held(), last, moment]).toEqual([expected, last, moment]);

        gateway.passTime(HOUR_MS);
        await push(source.put("prod/openai", "value-three"));
        expect([held(), left(), last, moment]).toEqual(["value-three", [], last, moment]);
      }
    }
  },
);

test("leftovers that are younger than an hour may be somebody's who is at work, and stay", async () => {
  const { gateway, source, push, left } = await setup();
  gateway.failOn("deleteEndpoint", 1, new GatewayNetworkError("deleteEndpoint", "was lost"));
  await push(source.put("prod/openai", "value-two"));
  const before = left();
  expect(before).toHaveLength(3);

  gateway.passTime(HOUR_MS - 60_000);
  await push(source.put("prod/openai", "value-three"));

  expect(left()).toEqual(before);
});

test("probes at once do not meet: each tries its own value and removes its own traces", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(200, 401, 429, 500), { minLength: 2, maxLength: 5 }),
      async (statuses) => {
        const { gateway, left } = await setup();
        gateway.upstream = ({ values }) => Number(values.api_key?.slice(-3));
        const dependencies = { gatewayOf: () => gateway, invocationsOf: () => gateway.invocations };
        const target = { workspace: "default", name: "openai-prod", provider: "openai" };

        const results = await Promise.all(
          statuses.map((status) =>
            probeValue(
              dependencies,
              target,
              { api_key: new Redacted(`key-${status}`) },
              NO_DEADLINE,
            ),
          ),
        );

        expect(results.map(({ verdict }) => verdict)).toEqual(
          statuses.map((status) => VERDICTS.get(status) ?? "inconclusive"),
        );
        expect(left()).toEqual([]);
      },
    ),
    { numRuns: 20 },
  );
});
