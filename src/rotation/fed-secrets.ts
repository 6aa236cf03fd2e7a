import type { Deadline } from "#runtime/deadline.ts";
import type { Ledger } from "#runtime/ledger.ts";
import type { Redacted } from "#runtime/redacted.ts";
import {
  isManagedSecret,
  MANAGED_SECRETS,
  type ManagedSecret,
  type SecretTarget,
} from "#secrets/managed-secret.ts";
import { mapSecretValue } from "#secrets/value/map-value.ts";

/** What the provider says of a value that is tried through the gateway. */
export interface Trial {
  readonly verdict: "proven" | "refused" | "inconclusive";
  /** One sentence, without the value. */
  readonly reason: string;
}

/** Tries what would be written to a gateway secret, without writing it there. */
export type TryValue = (
  target: SecretTarget,
  value: Readonly<Record<string, Redacted<string>>>,
  deadline: Deadline,
) => Promise<Trial>;

/** The gateway secrets that a stored secret feeds, as far as a new value concerns them. */
export class FedSecrets {
  readonly #tryValue: TryValue;

  constructor(tryValue: TryValue) {
    this.#tryValue = tryValue;
  }

  /** Throws what a push would, for a value that one of them could not use. */
  async check(ledger: Ledger, arn: string, value: Redacted<string>): Promise<void> {
    await this.#mapped(ledger, arn, value);
  }

  /** One refusal counts more than all else, and one doubt more than proofs. */
  async try(
    ledger: Ledger,
    arn: string,
    value: Redacted<string>,
    deadline: Deadline,
  ): Promise<Trial> {
    const mapped = await this.#mapped(ledger, arn, value);
    let trial: Trial | undefined;
    for (const { target, keys } of mapped) {
      const next = await this.#tryValue(target, keys, deadline);
      if (next.verdict === "refused") return next;
      if (trial?.verdict !== "inconclusive") trial = next;
    }
    return trial ?? { verdict: "inconclusive", reason: "no gateway secret is fed by it yet" };
  }

  async #mapped(ledger: Ledger, arn: string, value: Redacted<string>) {
    return (await fedBy(ledger, arn)).flatMap(({ target }) => {
      const { value_from } = target;
      return value_from ? [{ target, keys: mapSecretValue(value, value_from, target).value }] : [];
    });
  }
}

/** The records of the gateway secrets that are fed by the stored secret with this ARN. */
export async function fedBy(ledger: Ledger, arn: string): Promise<ManagedSecret[]> {
  const records = await ledger.list(MANAGED_SECRETS);
  return records
    .map(({ value }) => value)
    .filter((value) => isManagedSecret(value) && value.source_arn === arn);
}
