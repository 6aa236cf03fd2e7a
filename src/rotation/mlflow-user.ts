import { Redacted } from "#runtime/redacted.ts";
import { RotationRefusedError, RotationSetupError, RotationUnprovenError } from "./errors.ts";
import type { Revocation } from "./revocation.ts";
import type { Revoked, RotationContext, RotationStrategy } from "./strategy.ts";
import { currentVersion, IDLE, type VersionedSecrets, versionWith } from "./versioned-secrets.ts";

export interface UserLogin {
  readonly username: string;
  readonly password: Redacted<string>;
}

/** `refused`: that login may not, or does not work. `missing`: there is no such user. */
export type PasswordChange = "changed" | "refused" | "missing";

/** The users of the MLflow server, each seen by its own login. */
export interface UserLogins {
  /** Undefined when the server refuses the login. */
  describe(
    login: UserLogin,
    signal: AbortSignal,
  ): Promise<{ readonly is_admin: boolean } | undefined>;
  changePassword(by: UserLogin, changed: UserLogin, signal: AbortSignal): Promise<PasswordChange>;
}

interface Tools {
  readonly secrets: VersionedSecrets;
  readonly logins: UserLogins;
  readonly newPassword: () => string;
}

/**
 * The operator's own login, which two users hold in turn: MLflow has one password for each user, and
 * a changed one cuts the former off at once. So only the password of the user that nobody works as is
 * ever changed, by itself with its last known one, else by the current user if MLflow lets it. What
 * is to be a password is stored before it is one; whoever finds it working is done.
 */
export class MlflowUserStrategy implements RotationStrategy {
  readonly #tools: Tools;

  constructor(tools: Tools) {
    this.#tools = tools;
  }

  async create(context: RotationContext): Promise<Redacted<string>> {
    const current = await this.#read(context, currentVersion(context.secret));
    const username = otherUser(context, current.login.username);
    const password = this.#tools.newPassword();
    return new Redacted(JSON.stringify({ ...current.fields, username, password }));
  }

  async set(context: RotationContext, pending: Redacted<string>): Promise<void> {
    await this.#makeWork(context, await this.#idleLogin(context, pending));
  }

  async test(context: RotationContext, pending: Redacted<string>): Promise<void> {
    const { logins } = this.#tools;
    const { signal } = context.deadline;
    const { login } = parse(context, pending);
    const current = await this.#read(context, currentVersion(context.secret));
    for (const { username } of [login, current.login]) otherUser(context, username);
    const [found, before] = [
      await logins.describe(login, signal),
      await logins.describe(current.login, signal),
    ];
    if (!found) throw new RotationUnprovenError(notYet(login));
    // A current login that does not work is no measure, and the new one is the way out.
    if (!before || found.is_admin === before.is_admin) return;
    const [admin, plain] = found.is_admin ? [login, current.login] : [current.login, login];
    throw new RotationRefusedError(
      `the MLflow user ${admin.username} is an administrator, and ${plain.username} is not: give both the same rights, then rotate ${context.secret.name} again`,
    );
  }

  async confirm(context: RotationContext, pending: Redacted<string>): Promise<void> {
    const login = await this.#idleLogin(context, pending);
    const found = await this.#tools.logins.describe(login, context.deadline.signal);
    if (!found) throw new RotationUnprovenError(notYet(login));
  }

  async tidy(): Promise<void> {
    // The password of a refused version may be the only one that the idle user knows.
  }

  /** Whatever became of the former login: the user that nobody works as gets another password. */
  async revoke(context: RotationContext, { replacement_id }: Revocation): Promise<Revoked> {
    const value = await this.#replacement(context, replacement_id);
    const { login } = parse(context, value);
    await this.#makeWork(context, await this.#idleLogin(context, value));
    return {
      outcome: "revoked",
      words: `The MLflow user ${login.username} has a new password, which nobody uses; it is kept in ${context.secret.name} under the label ${IDLE} for the next rotation.`,
    };
  }

  /** Stored under an id that is known beforehand: whoever repeats this goes on with the same one. */
  async #replacement(context: RotationContext, id: string): Promise<Redacted<string>> {
    const { secret, deadline } = context;
    const { secrets } = this.#tools;
    const known = await secrets.read(secret.arn, id, deadline.signal);
    if (known) return known;
    // That of the user whom everybody works as by now, since it was idle the last time.
    const from = versionWith(secret, IDLE);
    if (from !== undefined) {
      await secrets.moveLabel(secret.arn, { label: IDLE, from }, deadline.signal);
    }
    const value = await this.create(context);
    const isStored = await secrets.store(
      secret.arn,
      { id, value, labels: [IDLE] },
      deadline.signal,
    );
    if (isStored) return value;
    throw new RotationUnprovenError(`the version ${id} of ${secret.name} cannot be read yet`);
  }

  /** The pending login: never that of the user that everybody works as. */
  async #idleLogin(context: RotationContext, pending: Redacted<string>): Promise<UserLogin> {
    const { login } = parse(context, pending);
    const current = await this.#read(context, currentVersion(context.secret));
    if (otherUser(context, current.login.username) === login.username) return login;
    throw new RotationSetupError(
      `the pending login of ${context.secret.name} is of the MLflow user ${login.username}, whose turn it is not: it is left alone`,
    );
  }

  /** Ends only when the login works. */
  async #makeWork(context: RotationContext, login: UserLogin): Promise<void> {
    const { logins } = this.#tools;
    const { signal } = context.deadline;
    if (await logins.describe(login, signal)) return;
    const current = await this.#read(context, currentVersion(context.secret));
    let answer: PasswordChange = "refused";
    for (const by of [...(await this.#lastKnown(context, login)), current.login]) {
      answer = await logins.changePassword(by, login, signal);
      // Refused may be the second of two requests, of which the first got through unanswered.
      if (await logins.describe(login, signal)) return;
    }
    throw new RotationSetupError(
      answer === "missing"
        ? `there is no MLflow user ${login.username}: make it with the rights of ${current.login.username}`
        : `no known password of the MLflow user ${login.username} works, and ${current.login.username} may not set a new one: let an administrator set one, store it in ${context.secret.name} under the label ${IDLE}, and rotate again`,
    );
  }

  /** Every login of the user that a label keeps: one of them is its password. */
  async #lastKnown({ secret, deadline }: RotationContext, login: UserLogin): Promise<UserLogin[]> {
    const logins: UserLogin[] = [];
    for (const versionId of secret.versions.keys()) {
      const value = await this.#tools.secrets.read(secret.arn, versionId, deadline.signal);
      const known = value && loginOf(value)?.login;
      const isOther = known?.password.reveal() !== login.password.reveal();
      if (known?.username === login.username && isOther) logins.push(known);
    }
    return logins;
  }

  async #read(context: RotationContext, versionId: string): Promise<StoredLogin> {
    const { secret, deadline } = context;
    const value = await this.#tools.secrets.read(secret.arn, versionId, deadline.signal);
    if (value) return parse(context, value);
    throw new RotationSetupError(`the version ${versionId} of ${secret.name} holds no text`);
  }
}

interface StoredLogin {
  readonly login: UserLogin;
  /** All that the stored object holds: what others keep beside the login stays. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The one of the two that takes turns with this one. */
function otherUser({ rotation, secret }: RotationContext, username: string): string {
  const users: readonly string[] = rotation.strategy === "mlflow-user" ? rotation.users : [];
  const other = users.find((user) => user !== username);
  if (other !== undefined && users.includes(username)) return other;
  throw new RotationSetupError(
    `${secret.name} holds the login of ${username}, which is none of the users that take turns (${users.join(", ")}): it is left alone`,
  );
}

function parse({ secret }: RotationContext, value: Redacted<string>): StoredLogin {
  const found = loginOf(value);
  if (found) return found;
  throw new RotationSetupError(
    `${secret.name} must hold {"username": ..., "password": ...} for the gateway`,
  );
}

function loginOf(value: Redacted<string>): StoredLogin | undefined {
  const fields = parseObject(value.reveal());
  const { username, password } = fields;
  if (typeof username !== "string" || typeof password !== "string") return undefined;
  return { fields, login: { username, password: new Redacted(password) } };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    // The parser's own message would quote the login.
    return {};
  }
}

function notYet({ username }: UserLogin): string {
  return `the new login of the MLflow user ${username} does not work yet: setSecret makes it work`;
}
