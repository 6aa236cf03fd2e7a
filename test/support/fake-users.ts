import type { PasswordChange, UserLogin, UserLogins } from "#rotation/mlflow-user.ts";

interface User {
  password: string;
  readonly is_admin: boolean;
}

/** The accounts of an MLflow server with basic-auth, in memory. */
export class FakeUsers implements UserLogins {
  /** Who changed whose password, in order. */
  readonly changes: string[] = [];
  readonly #users = new Map<string, User>();

  add(username: string, password: string, { is_admin = true } = {}): void {
    this.#users.set(username, { password, is_admin });
  }

  works({ username, password }: { readonly username: string; readonly password: string }): boolean {
    return this.#users.get(username)?.password === password;
  }

  async describe(login: UserLogin): Promise<{ is_admin: boolean } | undefined> {
    const user = this.#find(login);
    return user && { is_admin: user.is_admin };
  }

  async changePassword(by: UserLogin, changed: UserLogin): Promise<PasswordChange> {
    const sender = this.#find(by);
    const isSelf = by.username === changed.username;
    if (!sender || !(isSelf || sender.is_admin)) return "refused";
    const user = this.#users.get(changed.username);
    if (!user) return "missing";
    if (isSelf && changed.password.reveal() === user.password) return "refused";
    user.password = changed.password.reveal();
    this.changes.push(`${by.username} > ${changed.username}`);
    return "changed";
  }

  #find({ username, password }: UserLogin): User | undefined {
    const user = this.#users.get(username);
    return user?.password === password.reveal() ? user : undefined;
  }
}
