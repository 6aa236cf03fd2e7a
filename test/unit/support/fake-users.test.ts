import { FakeUsers } from "../../support/fake-users.ts";
import { usersBehaviour } from "../../support/users-behaviour.ts";

const logins = new FakeUsers();

usersBehaviour(() => ({
  logins,
  add: async ({ username, password }, is_admin) =>
    logins.add(username, password.reveal(), { is_admin }),
}));
