import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { UserLogins } from "#gateway/user-logins.ts";
import { runStep } from "#rotation/run-step.ts";
import { Redacted } from "#runtime/redacted.ts";
import { callLocal } from "../../scripts/local/http.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import { Killed, Killer } from "../support/killer.ts";
import { RotationDriver } from "../support/rotation-driver.ts";
import { GRACE_MS, LOGIN_SECRET, rotationSetup } from "../support/rotation-setup.ts";
import { usersBehaviour } from "../support/users-behaviour.ts";

/** Each password costs the server a hash, and it shares its processors with the rest of the tests. */
jest.setTimeout(120_000);

const { signal } = new AbortController();

let server: MlflowServer;
let logins: UserLogins;

beforeAll(async () => {
  server = await startMlflow();
  logins = new UserLogins({ trackingUri: server.trackingUri });
}, 180_000);

afterAll(async () => {
  await server?.stop();
}, 30_000);

usersBehaviour(() => ({
  logins,
  add: ({ username, password }, is_admin) => addUser(username, password.reveal(), is_admin),
}));

test("five rotations of the operator's own login, each killed somewhere, lock nobody out", async () => {
  const parts = rotationSetup({ logins: () => logins });
  const { clock, revoke, current } = parts;
  const admin = server.admin ?? { username: "", password: "" };
  await addUser("gwops-a", parts.passwords.a, true);
  await addUser("gwops-b", parts.passwords.b, true);
  const works = async ({ username, password }: { username: string; password: string }) =>
    (await logins.describe({ username, password: new Redacted(password) }, signal)) !== undefined;
  let kills = 0;

  for (const [round, last] of [14, 23, 31, 40, 52].entries()) {
    const before = current();
    let killer = new Killer(last, round % 2 === 0 ? "after" : "before");
    const driver = new RotationDriver(parts.secrets, async (event) => {
      try {
        await runStep(parts.dependencies(killer), event);
      } catch (error) {
        if (error instanceof Killed) {
          kills += 1;
          killer = new Killer();
          expect(await works(current())).toBe(true);
        }
        throw error;
      }
    });

    expect((await driver.rotate(LOGIN_SECRET)).error).toBeUndefined();

    expect(await works(current())).toBe(true);
    expect(await works(before)).toBe(true);
    clock.advance(GRACE_MS);
    expect((await revoke()).map(({ outcome }) => outcome)).toEqual(["revoked"]);
    expect(await works(before)).toBe(false);
    expect(await works(current())).toBe(true);
  }

  expect(kills).toBe(5);
  expect(await works(admin)).toBe(true);
});

async function addUser(username: string, password: string, is_admin: boolean): Promise<void> {
  await ask("POST", "create", { username, password });
  await ask("PATCH", "update-admin", { username, is_admin });
}

async function ask(method: string, path: string, json: object): Promise<void> {
  const { status } = await callLocal(`${server.trackingUri}/api/2.0/mlflow/users/${path}`, {
    method,
    user: server.admin,
    json,
  });
  if (status !== 200) throw new Error(`users/${path} was answered with ${status}`);
}
