import { randomUUID } from "node:crypto";
import type { Trial } from "#rotation/fed-secrets.ts";
import { MlflowUserStrategy, type UserLogins } from "#rotation/mlflow-user.ts";
import { revokeFormer } from "#rotation/revoke.ts";
import type { Rotation } from "#rotation/rotation.ts";
import { type RotationDependencies, runStep } from "#rotation/run-step.ts";
import { StaticKeyStrategy } from "#rotation/static-key.ts";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { madeUpKey } from "../../scripts/story/actions.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeSecretsManager } from "./fake-secrets-manager.ts";
import { FakeUsers } from "./fake-users.ts";
import { Killer } from "./killer.ts";
import { MemoryLedger } from "./memory-ledger.ts";
import { A_PLACE } from "./places.ts";
import { RotationDriver } from "./rotation-driver.ts";

export const LOGIN_SECRET = "gateway-ops/login";
export const KEY_SECRET = "prod/openai";
export const GRACE_MS = 120_000;

export const ROTATIONS: readonly Rotation[] = [
  { secret: LOGIN_SECRET, strategy: "mlflow-user", users: ["gwops-a", "gwops-b"] },
  { secret: KEY_SECRET, strategy: "static", on_inconclusive: "fail" },
];

/** A rotation function with all around it in memory; the parts outlive a run that is killed. */
export function rotationSetup({
  isAdmin = true,
  rotations = ROTATIONS,
  logins = (fake: FakeUsers): UserLogins => fake,
} = {}) {
  const secrets = new FakeSecretsManager();
  const users = new FakeUsers();
  const ledger = new MemoryLedger();
  const clock = new FakeClock();
  const passwords = { a: madeUpKey("a"), b: madeUpKey("b"), admin: madeUpKey("admin") };
  users.add("admin", passwords.admin);
  users.add("gwops-a", passwords.a, { is_admin: isAdmin });
  users.add("gwops-b", passwords.b, { is_admin: isAdmin });
  secrets.create(LOGIN_SECRET, JSON.stringify({ username: "gwops-a", password: passwords.a }), {
    strategy: "mlflow-user",
  });
  const key = JSON.stringify({ api_key: madeUpKey("first") });
  secrets.create(KEY_SECRET, key, { owner: "search", strategy: "static" });
  /** What the provider says of a key. */
  const provider: { verdict: Trial["verdict"]; check: () => void; tried: number } = {
    verdict: "proven",
    check: () => undefined,
    tried: 0,
  };
  const fed = {
    check: async () => provider.check(),
    try: async () => {
      provider.tried += 1;
      return { verdict: provider.verdict, reason: "401 of the provider" };
    },
  };
  let runs = 0;
  const dependencies = (killer = new Killer()): RotationDependencies => {
    const around = killer.around(secrets);
    const tools = {
      secrets: around,
      logins: killer.around(logins(users)),
      newPassword: randomUUID,
    };
    runs += 1;
    return {
      ledger: killer.around(ledger),
      secrets: around,
      clock,
      deadline: NO_DEADLINE,
      runId: `run-${runs}`,
      place: A_PLACE,
      rotations,
      strategies: {
        "mlflow-user": new MlflowUserStrategy(tools),
        static: new StaticKeyStrategy({ secrets: around, fed: killer.around(fed) }),
      },
      newVersionId: randomUUID,
      graceMs: GRACE_MS,
    };
  };
  const driver = (killer?: () => Killer) =>
    new RotationDriver(secrets, (event) => runStep(dependencies(killer?.()), event));
  const revoke = (killer?: Killer) => revokeFormer(dependencies(killer));
  const current = () => JSON.parse(secrets.valuesWith(LOGIN_SECRET, "AWSCURRENT")[0] ?? "{}");
  return {
    secrets,
    users,
    ledger,
    clock,
    passwords,
    provider,
    dependencies,
    driver,
    revoke,
    current,
  };
}
