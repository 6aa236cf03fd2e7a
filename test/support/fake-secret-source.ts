import { Redacted } from "#runtime/redacted.ts";
import { type SecretDescription, type SecretSource, SecretSourceError } from "#secrets/source.ts";

interface StoredSecret {
  readonly arn: string;
  readonly owner: string | undefined;
  /** By version id; the newest is AWSCURRENT. */
  readonly versions: Map<string, string>;
}

/** AWS Secrets Manager in memory. */
export class FakeSecretSource implements SecretSource {
  /** Version ids whose value was read, in order. */
  readonly fetched: string[] = [];
  /** Runs after a value was read: the moment at which a race is lost. */
  afterFetch: () => void = () => undefined;
  readonly #secrets = new Map<string, StoredSecret>();
  #versions = 0;

  /** Stores a value as the new current version and returns the version's id. */
  put(name: string, value: string, { owner = "search" }: { owner?: string | undefined } = {}) {
    this.#versions += 1;
    const versionId = `version-${this.#versions}`;
    const known = this.#secrets.get(name);
    const versions = new Map(known?.versions).set(versionId, value);
    this.#secrets.set(name, { arn: arnOf(name), owner: known?.owner ?? owner, versions });
    return versionId;
  }

  /** Stores a secret that nobody has tagged. */
  putUntagged(name: string, value: string): void {
    const versions = new Map([["version-untagged", value]]);
    this.#secrets.set(name, { arn: arnOf(name), owner: undefined, versions });
  }

  /** Moves AWSCURRENT to a version that was current before. */
  moveBack(name: string, versionId: string): void {
    const { versions } = this.#find(name) ?? {};
    const value = versions?.get(versionId);
    if (value === undefined) throw new Error(`${name} has no version ${versionId}`);
    versions?.delete(versionId);
    versions?.set(versionId, value);
  }

  describe(nameOrArn: string): Promise<SecretDescription> {
    const secret = this.#find(nameOrArn);
    if (!secret) return Promise.reject(missing(nameOrArn));
    const currentVersionId = [...secret.versions.keys()].at(-1) ?? "";
    return Promise.resolve({ arn: secret.arn, currentVersionId, owner: secret.owner });
  }

  fetch(arn: string, versionId: string): Promise<Redacted<string>> {
    const value = this.#find(arn)?.versions.get(versionId);
    if (value === undefined) return Promise.reject(missing(`${arn} ${versionId}`));
    this.fetched.push(versionId);
    this.afterFetch();
    return Promise.resolve(new Redacted(value));
  }

  #find(nameOrArn: string): StoredSecret | undefined {
    return [...this.#secrets].find(([name, { arn }]) => [name, arn].includes(nameOrArn))?.[1];
  }
}

/** Secrets Manager ends each ARN with six characters of its own. */
export function arnOf(name: string): string {
  return `arn:aws:secretsmanager:eu-central-1:111122223333:secret:${name}-AbCdEf`;
}

function missing(what: string): SecretSourceError {
  return new SecretSourceError(`${what}: there is no such secret in AWS Secrets Manager`);
}
