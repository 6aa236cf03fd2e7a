import { expect, test } from "@jest/globals";
import type { UserLogin, UserLogins } from "#rotation/mlflow-user.ts";
import { Redacted } from "#runtime/redacted.ts";
import { madeUpKey } from "../../scripts/story/actions.ts";

const { signal } = new AbortController();

interface Place {
  readonly logins: UserLogins;
  readonly add: (user: UserLogin, is_admin: boolean) => Promise<void>;
}

/** What MLflow's accounts do, as far as rotation leans on it. */
export function usersBehaviour(place: () => Place): void {
  let names = 0;
  const made = async (is_admin = false) => {
    names += 1;
    const user = loginOf(`behaviour-${names}`, madeUpKey("user"));
    await place().add(user, is_admin);
    return { user, ...place() };
  };

  test("a login is told its rights, and nothing with another password", async () => {
    const { user, logins } = await made(true);
    const { user: plainUser } = await made();

    expect(await logins.describe(user, signal)).toEqual({ is_admin: true });
    expect(await logins.describe(plainUser, signal)).toEqual({ is_admin: false });
    expect(await logins.describe(loginOf(user.username, madeUpKey("no")), signal)).toBeUndefined();
  });

  test("a user changes its own password, and the former one is dead at once", async () => {
    const { user, logins } = await made();
    const next = loginOf(user.username, madeUpKey("next"));

    expect(await logins.changePassword(user, next, signal)).toBe("changed");

    expect(await logins.describe(next, signal)).toEqual({ is_admin: false });
    expect(await logins.describe(user, signal)).toBeUndefined();
    expect(await logins.changePassword(user, next, signal)).toBe("refused");
    expect(await logins.changePassword(next, next, signal)).toBe("refused");
  });

  test("a plain user sets nobody else's password, an administrator anybody's", async () => {
    const { user, logins } = await made();
    const { user: admin } = await made(true);
    const { user: other } = await made();
    const next = loginOf(other.username, madeUpKey("next"));
    const nobody = loginOf("nobody", madeUpKey("nobody"));

    expect(await logins.changePassword(user, next, signal)).toBe("refused");
    expect(await logins.describe(other, signal)).toEqual({ is_admin: false });
    expect(await logins.changePassword(admin, next, signal)).toBe("changed");
    expect(await logins.describe(next, signal)).toEqual({ is_admin: false });
    expect(await logins.changePassword(admin, nobody, signal)).toBe("missing");
  });
}

function loginOf(username: string, password: string): UserLogin {
  return { username, password: new Redacted(password) };
}
