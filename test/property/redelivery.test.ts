import type { Logger } from "@aws-lambda-powertools/logger";
import { expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import { MANAGED_SECRETS } from "#secrets/managed-secret.ts";
import { pushSecret } from "#secrets/push.ts";
import { pushChanged } from "#secrets/push-changed.ts";
import { forEachRecord } from "../../functions/for-each-record.ts";
import { applySetup } from "../support/apply-setup.ts";
import { anSqsEvent, anSqsRecord, ExpectedError, messagesIn } from "../support/builders.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { arnOf } from "../support/fake-secret-source.ts";

/** Hundreds of runs, on a machine that may be busy with others. */
jest.setTimeout(60_000);

const LOGGER = { error: () => undefined, warn: () => undefined } as unknown as Logger;

interface Delivered {
  readonly id: string;
  readonly attempt: number;
  readonly isLast: boolean;
}

/** Delivers messages again until each is acknowledged, as a queue would. */
async function drain(failures: readonly number[], group: string | undefined) {
  const worked: Delivered[] = [];
  const done: string[] = [];
  const delays: number[] = [];
  let waiting = failures.map((_, index) => String(index));
  const left = new Map(failures.map((count, index) => [String(index), count]));
  for (let attempt = 1; waiting.length > 0 && attempt < 50; attempt += 1) {
    const records = waiting.map((messageId) =>
      anSqsRecord({}, { messageId, attempt, ...(group === undefined ? {} : { group }) }),
    );
    const tools = {
      logger: LOGGER,
      clock: new FakeClock(),
      hideFor: () => Promise.resolve(),
      redeliverAfter: (_: unknown, delaySeconds: number) => {
        delays.push(delaySeconds);
        return Promise.resolve();
      },
    };
    const { batchItemFailures } = await forEachRecord(
      anSqsEvent(...records),
      tools,
      async ({ messageId }, { isLast }) => {
        worked.push({ id: messageId, attempt, isLast });
        const remaining = left.get(messageId) ?? 0;
        left.set(messageId, remaining - 1);
        if (remaining > 0) throw new ExpectedError("retry");
        done.push(messageId);
        return Promise.resolve();
      },
    );
    waiting = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  }
  return { worked, done, delays };
}

const failureCounts = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 6 });

test("however often messages fail, each is done exactly once in the end", async () => {
  await fc.assert(
    fc.asyncProperty(failureCounts, fc.boolean(), async (failures, isOrdered) => {
      const { done, worked, delays } = await drain(failures, isOrdered ? "gateway" : undefined);

      const ids = failures.map((_, index) => String(index));
      expect([...done].sort()).toEqual(ids);
      for (const [index, count] of failures.entries()) {
        expect(worked.filter(({ id }) => id === ids[index])).toHaveLength(count + 1);
      }
      expect(worked.every(({ attempt, isLast }) => isLast === attempt >= 3)).toBe(true);
      expect(delays.every((seconds) => seconds >= 5)).toBe(true);
      expect(delays).toEqual([...delays].sort((a, b) => a - b));
    }),
    { numRuns: 200 },
  );
});

test("messages of an ordered queue are done in their order, whichever of them fail", async () => {
  await fc.assert(
    fc.asyncProperty(failureCounts, async (failures) => {
      const { done, worked } = await drain(failures, "gateway");

      expect(done).toEqual(failures.map((_, index) => String(index)));
      // Nothing behind a message is touched before it is done.
      expect(worked.map(({ id }) => id)).toEqual([...worked.map(({ id }) => id)].sort());
    }),
    { numRuns: 200 },
  );
});

/** What may happen to one secret: it changes, an event comes (late, again), the schedule runs. */
const happenings = fc.array(
  fc.record({
    what: fc.constantFrom("rotate", "event", "event", "look-again"),
    /** Of which change the event tells. */
    which: fc.nat({ max: 20 }),
    isLast: fc.boolean(),
    fault: fc.constantFrom("none", "none", "list", "write", "lost-answer"),
  }),
  { maxLength: 15 },
);

type Happening = typeof happenings extends fc.Arbitrary<(infer H)[]> ? H : never;

/** A gateway secret that config sync made, and the AWS secret that feeds it. */
async function pushSetup() {
  const { gateway, ledger, source, clock, dependencies } = applySetup();
  const versions = [source.put("prod/openai", "value-0")];
  const target = {
    workspace: "default",
    name: "openai-prod",
    owner: "search",
    provider: "openai",
    value_from: { secrets_manager: "prod/openai" },
  };
  await pushSecret(dependencies, target, undefined);
  const rotate = () => {
    versions.push(source.put("prod/openai", `value-${versions.length}`));
  };
  const deliver = async ({ what, which, isLast, fault }: Happening) => {
    const error = new ExpectedError("retry");
    if (fault === "list") gateway.failOn("listSecrets", 1, error);
    if (fault === "write") gateway.failOn("updateSecret", 1, error);
    if (fault === "lost-answer") gateway.loseAnswer("updateSecret", 1, error);
    const versionId = versions[which % versions.length] ?? "";
    const event = { sourceArn: arnOf("prod/openai"), versionId };
    const trigger = what === "event" ? event : { look: "pending" as const };
    const ended = await pushChanged(dependencies, trigger, { isLast }).catch(asThrown);
    expect([undefined, error]).toContain(Array.isArray(ended) ? undefined : ended);
    gateway.heal();
  };
  const happen = async (happening: Happening) => {
    clock.advance(1000);
    if (happening.what === "rotate") rotate();
    else await deliver(happening);
  };
  return { gateway, ledger, versions, happen };
}

test("whatever events come, late, twice or in vain, the gateway ends with the newest value", async () => {
  await fc.assert(
    fc.asyncProperty(happenings, async (sequence) => {
      const { gateway, ledger, versions, happen } = await pushSetup();
      for (const happening of sequence) await happen(happening);

      await happen({ what: "event", which: 0, isLast: false, fault: "none" });

      const newest = `value-${versions.length - 1}`;
      expect(gateway.storedValue("openai-prod")).toEqual({ api_key: newest });
      const record = await ledger.read(MANAGED_SECRETS, "default/openai-prod");
      expect(record?.value.pushed?.version_id).toBe(versions.at(-1));
      expect(record?.value.pending).toBeUndefined();
      const ids = (await messagesIn(ledger)).map(({ id }) => id);
      const pushed = ids.filter((id) => id.startsWith("secret-pushed:"));
      expect(new Set(pushed.map((id) => id.split("@")[1])).size).toBe(pushed.length);
    }),
    { numRuns: 300 },
  );
});

function asThrown(error: unknown): unknown {
  return error;
}
