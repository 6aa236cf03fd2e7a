import { expect, test } from "@jest/globals";
import { startPause } from "#runtime/start-pause.ts";
import { MANAGED_SECRETS } from "#secrets/managed-secret.ts";
import { messagesIn } from "../../support/builders.ts";
import { expectNoLeak } from "../../support/leaks.ts";
import { GRACE_MS, LOGIN_SECRET, rotationSetup } from "../../support/rotation-setup.ts";

test("a rotation gives the idle user a new password, by itself with its last known one, and makes it current", async () => {
  const { driver, secrets, users, passwords, current } = rotationSetup();
  secrets.put(LOGIN_SECRET, JSON.stringify({ username: "gwops-b", password: passwords.b }), [
    "GATEWAY_OPS_IDLE",
  ]);

  const { error } = await driver().rotate(LOGIN_SECRET);

  expect(error).toBeUndefined();
  expect(current().username).toBe("gwops-b");
  expect(current().password).not.toBe(passwords.b);
  expect(users.works(current())).toBe(true);
  expect(users.changes).toEqual(["gwops-b > gwops-b"]);
});

test("without a password that is known the current user sets the new one", async () => {
  const { driver, users, current } = rotationSetup();

  const { error } = await driver().rotate(LOGIN_SECRET);

  expect(error).toBeUndefined();
  expect(users.changes).toEqual(["gwops-a > gwops-b"]);
  expect(users.works(current())).toBe(true);
});

test("without a known password, and without the right to set one, nothing is changed and the login stays", async () => {
  const { driver, users, current, passwords, ledger } = rotationSetup({ isAdmin: false });

  const { error } = await driver().rotate(LOGIN_SECRET);

  expect(error).toMatchObject({ code: "rotation-setup" });
  expect(users.changes).toEqual([]);
  expect(current()).toEqual({ username: "gwops-a", password: passwords.a });
  const [message, ...more] = await messagesIn(ledger);
  expect(more).toEqual([]);
  expect(message).toMatchObject({ severity: "critical", data: { step: "setSecret" } });
  expect(message?.text).toContain("let an administrator set one, store it");
});

test("plain users rotate as administrators do, from then on with what the labels keep", async () => {
  const { driver, secrets, users, passwords, current, revoke, clock } = rotationSetup({
    isAdmin: false,
  });
  secrets.put(LOGIN_SECRET, JSON.stringify({ username: "gwops-b", password: passwords.b }), [
    "GATEWAY_OPS_IDLE",
  ]);

  for (const user of ["gwops-b", "gwops-a", "gwops-b", "gwops-a"]) {
    expect((await driver().rotate(LOGIN_SECRET)).error).toBeUndefined();
    expect(current().username).toBe(user);
    expect(users.works(current())).toBe(true);
    clock.advance(GRACE_MS);
    expect(await revoke()).toEqual([{ secret: LOGIN_SECRET, outcome: "revoked" }]);
  }
  expect(users.works({ username: "admin", password: passwords.admin })).toBe(true);
});

test("the former login works until nobody uses it, and is dead then", async () => {
  const { driver, users, passwords, revoke, clock, secrets, ledger } = rotationSetup();
  await driver().rotate(LOGIN_SECRET);
  const former = { username: "gwops-a", password: passwords.a };

  const early = await revoke();
  const wasAlive = users.works(former);
  clock.advance(GRACE_MS);
  const late = await revoke();

  expect([early, late].flat().map(({ outcome }) => outcome)).toEqual(["waiting", "revoked"]);
  expect(wasAlive).toBe(true);
  expect(users.works(former)).toBe(false);
  const [idle] = secrets.valuesWith(LOGIN_SECRET, "GATEWAY_OPS_IDLE");
  expect(users.works(JSON.parse(idle ?? ""))).toBe(true);
  expect(await revoke()).toEqual([]);
  expect((await messagesIn(ledger)).map(({ type }) => type).sort()).toEqual([
    "mlflow-gateway-ops.revocation.revoked",
    "mlflow-gateway-ops.rotation.finished",
  ]);
});

test("a login of any other user than the two is left alone", async () => {
  const { driver, secrets, users, passwords } = rotationSetup();
  secrets.put(LOGIN_SECRET, JSON.stringify({ username: "admin", password: passwords.admin }));

  const { error } = await driver().rotate(LOGIN_SECRET);

  expect(String(error)).toContain("the login of admin, which is none of the users");
  expect(users.changes).toEqual([]);
});

test("a user of lesser rights never takes over: its version is refused, and the way is free for the next", async () => {
  const { driver, secrets, users, current, ledger } = rotationSetup();
  users.add("gwops-b", "made-up-password", { is_admin: false });

  const { error } = await driver().rotate(LOGIN_SECRET);

  expect(error).toMatchObject({ code: "rotation-refused" });
  expect(current().username).toBe("gwops-a");
  const [refused] = secrets.valuesWith(LOGIN_SECRET, "GATEWAY_OPS_REJECTED");
  expect(users.works(JSON.parse(refused ?? ""))).toBe(true);
  expect(secrets.valuesWith(LOGIN_SECRET, "AWSPENDING")).toEqual([]);
  const refusals = (await messagesIn(ledger)).filter(({ severity }) => severity === "critical");
  expect(refusals.map(({ data }) => data.code)).toContain("rotation-refused");
  users.add("gwops-b", JSON.parse(refused ?? "").password, { is_admin: true });
  expect((await driver().rotate(LOGIN_SECRET)).error).toBeUndefined();
});

test.each([true, false])(
  "testSecret alone tries the current login (%s: with its value)",
  async (hasValue) => {
    const { driver, users, secrets } = rotationSetup();

    const { error } = await driver().testAlone(LOGIN_SECRET, hasValue);

    expect(error).toBeUndefined();
    expect(users.changes).toEqual([]);
    expect(secrets.valuesWith(LOGIN_SECRET, "GATEWAY_OPS_REJECTED")).toEqual([]);
  },
);

test("a value that Secrets Manager does not show at once is waited for", async () => {
  const { driver, secrets } = rotationSetup();
  secrets.lag = 4;

  expect((await driver().rotate(LOGIN_SECRET)).error).toBeUndefined();
});

test.each(["rotation", "secrets"] as const)(
  "while %s is paused nothing is rotated or revoked",
  async (worker) => {
    const { driver, users, ledger, clock, revoke, current, passwords } = rotationSetup();
    await driver().rotate(LOGIN_SECRET);
    const before = [...users.changes];
    await startPause(ledger, { worker, since_ms: clock.nowMs(), by: "ada" }, false);
    clock.advance(GRACE_MS);

    const { error } = await driver().rotate(LOGIN_SECRET);
    const outcomes = await revoke();
    await revoke();

    expect(error).toMatchObject({ code: "paused" });
    expect(users.changes).toEqual(before);
    expect(users.works({ username: "gwops-a", password: passwords.a })).toBe(true);
    expect(users.works(current())).toBe(true);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["postponed"]);
  },
);

test("a pause after a rotation postpones the revocation, which is told once", async () => {
  const { driver, users, ledger, clock, revoke, passwords } = rotationSetup();
  await driver().rotate(LOGIN_SECRET);
  await startPause(ledger, { since_ms: clock.nowMs(), by: "ada" }, false);
  clock.advance(GRACE_MS);

  const outcomes = [...(await revoke()), ...(await revoke())];

  expect(outcomes.map(({ outcome }) => outcome)).toEqual(["postponed", "postponed"]);
  expect(users.works({ username: "gwops-a", password: passwords.a })).toBe(true);
  const told = (await messagesIn(ledger)).filter(({ type }) => type.endsWith("postponed"));
  expect(told).toHaveLength(1);
});

test("steps for another secret, of an unknown token, or out of turn change nothing", async () => {
  const { driver, secrets, users } = rotationSetup({ rotations: [] });

  const { error } = await driver().rotate(LOGIN_SECRET);

  expect(String(error)).toContain(`does not name ${LOGIN_SECRET}`);
  expect(users.changes).toEqual([]);
  expect(secrets.valuesWith(LOGIN_SECRET, "AWSPENDING")).toEqual([undefined]);
});

test("no message and no record of a rotation holds a password", async () => {
  const { driver, ledger, passwords, clock, revoke, current } = rotationSetup();
  await driver().rotate(LOGIN_SECRET);
  const formerly = [passwords.a, passwords.b, current().password];
  clock.advance(GRACE_MS);
  await revoke();

  expectNoLeak([...formerly, current().password], ledger.written, MANAGED_SECRETS);
});
