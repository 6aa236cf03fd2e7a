import { expect, jest, test } from "@jest/globals";
import { REVOCATIONS } from "#rotation/revocation.ts";
import { runStep } from "#rotation/run-step.ts";
import { madeUpKey } from "../../scripts/story/actions.ts";
import { Killed, Killer } from "../support/killer.ts";
import { RotationDriver } from "../support/rotation-driver.ts";
import { GRACE_MS, KEY_SECRET, LOGIN_SECRET, rotationSetup } from "../support/rotation-setup.ts";

jest.setTimeout(300_000);

const MOMENTS = ["before", "after"] as const;
type Moment = (typeof MOMENTS)[number];
type Parts = ReturnType<typeof rotationSetup>;

/** A rotation whose n-th call of anything outside it is the last one; AWS repeats it. */
async function killedAt(parts: Parts, secret: string, last: number, moment: Moment) {
  const killer = new Killer(last, moment);
  let isDead = false;
  const driver = new RotationDriver(parts.secrets, async (event) => {
    try {
      await runStep(parts.dependencies(isDead ? new Killer() : killer), event);
    } catch (error) {
      if (error instanceof Killed) isDead = true;
      throw error;
    }
  });
  const end = await driver.rotate(secret);
  return { end, isDead };
}

/** Every call of a run is tried as its last one, until a run has fewer calls. */
async function atEveryCall(
  tryOne: (last: number, moment: Moment) => Promise<boolean>,
): Promise<number> {
  let last = 1;
  for (let isDead = true; isDead; last += 1) {
    isDead = false;
    for (const moment of MOMENTS) isDead = (await tryOne(last, moment)) || isDead;
  }
  return last - 2;
}

test.each([true, false])(
  "mlflow-user, killed at any call and repeated, ends with one working login and never locks itself out (administrators: %s)",
  async (isAdmin) => {
    const calls = await atEveryCall(async (last, moment) => {
      const parts = rotationSetup({ isAdmin });
      const { secrets, users, passwords, current, clock, revoke, ledger } = parts;
      secrets.put(LOGIN_SECRET, JSON.stringify({ username: "gwops-b", password: passwords.b }), [
        "GATEWAY_OPS_IDLE",
      ]);
      const { end, isDead } = await killedAt(parts, LOGIN_SECRET, last, moment);

      expect(end.error).toBeUndefined();
      expect(current().username).toBe("gwops-b");
      expect(users.works(current())).toBe(true);
      expect(users.works({ username: "admin", password: passwords.admin })).toBe(true);
      expect(secrets.valuesWith(LOGIN_SECRET, "AWSPENDING")).toEqual([]);
      clock.advance(GRACE_MS);
      expect((await revoke()).map(({ outcome }) => outcome)).toEqual(["revoked"]);
      expect(await ledger.list(REVOCATIONS)).toEqual([]);
      return isDead;
    });
    expect(calls).toBeGreaterThan(40);
  },
);

test.each([true, false])(
  "a revocation, killed at any call and repeated, leaves the login working, the former one dead and the next one known (administrators: %s)",
  async (isAdmin) => {
    await atEveryCall(async (last, moment) => {
      const { driver, secrets, users, passwords, current, clock, revoke } = rotationSetup({
        isAdmin,
      });
      secrets.put(LOGIN_SECRET, JSON.stringify({ username: "gwops-b", password: passwords.b }), [
        "GATEWAY_OPS_IDLE",
      ]);
      await driver().rotate(LOGIN_SECRET);
      clock.advance(GRACE_MS);
      const killer = new Killer(last, moment);
      const isDead = await revoke(killer).then(
        () => false,
        (error: unknown) => error instanceof Killed,
      );
      expect(users.works(current())).toBe(true);

      await revoke();

      expect(users.works(current())).toBe(true);
      expect(users.works({ username: "gwops-a", password: passwords.a })).toBe(false);
      const idle = secrets.valuesWith(LOGIN_SECRET, "GATEWAY_OPS_IDLE");
      expect(idle.map((value) => users.works(JSON.parse(value ?? "{}")))).toEqual([true]);
      expect((await driver().rotate(LOGIN_SECRET)).error).toBeUndefined();
      expect(users.works(current())).toBe(true);
      return isDead;
    });
  },
);

test.each(["proven", "refused"] as const)(
  "static, killed at any call and repeated, ends with one key and no leftover label (%s)",
  async (verdict) => {
    const calls = await atEveryCall(async (last, moment) => {
      const parts = rotationSetup();
      const { secrets, provider } = parts;
      const labelled = (label: string) => secrets.valuesWith(KEY_SECRET, label);
      const [first] = labelled("AWSCURRENT");
      const value = JSON.stringify({ api_key: madeUpKey("second") });
      secrets.put(KEY_SECRET, value, ["GATEWAY_OPS_CANDIDATE"]);
      provider.verdict = verdict;

      const { end, isDead } = await killedAt(parts, KEY_SECRET, last, moment);

      const isProven = verdict === "proven";
      expect(end.error === undefined).toBe(isProven);
      expect(labelled("AWSCURRENT")).toEqual([isProven ? value : first]);
      expect(labelled("GATEWAY_OPS_REJECTED")).toEqual(isProven ? [] : [value]);
      expect([labelled("AWSPENDING"), labelled("GATEWAY_OPS_CANDIDATE")]).toEqual([[], []]);
      return isDead;
    });
    expect(calls).toBeGreaterThan(20);
  },
);
