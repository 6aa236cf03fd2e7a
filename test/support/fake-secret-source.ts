import { Redacted } from "#runtime/redacted.ts";
import {
  CURRENT_STAGE,
  type SecretDescription,
  type SecretSource,
  SecretSourceError,
  SourceMovedError,
} from "#secrets/source.ts";

const PREVIOUS_STAGE = "AWSPREVIOUS";

interface StoredVersion {
  readonly value: string;
  readonly stages: ReadonlySet<string>;
}

interface StoredSecret {
  readonly arn: string;
  readonly owner: string | undefined;
  readonly versions: ReadonlyMap<string, StoredVersion>;
  readonly changedAtMs: number;
  readonly isDeleted: boolean;
}

interface PutOptions {
  readonly owner?: string | undefined;
}

/** AWS Secrets Manager in memory. */
export class FakeSecretSource implements SecretSource {
  /** Version ids whose value was read, in order. */
  readonly fetched: string[] = [];
  /** What was asked to be described, in order. */
  readonly described: string[] = [];
  /** Runs after a value was read: the moment at which a race is lost. */
  afterFetch: () => void = () => undefined;
  /** What `lastChangedAtMs` is taken from. */
  nowMs: () => number = () => 0;
  readonly #secrets = new Map<string, StoredSecret>();
  /** As they are shown where a replica is behind. */
  readonly #shown = new Map<string, StoredSecret | undefined>();
  readonly #made = new Map<string, number>();
  #versions = 0;

  /** Stores a value as the new current version and returns the version's id. */
  put(name: string, value: string, options: PutOptions = {}): string {
    this.#versions += 1;
    const versionId = `version-${this.#versions}`;
    this.#store(name, versionId, value, { owner: "search", ...options });
    return versionId;
  }

  /** Stores a secret that nobody has tagged. */
  putUntagged(name: string, value: string): void {
    this.#store(name, "version-untagged", value, { owner: undefined });
  }

  /** Moves AWSCURRENT to a version that is there. */
  moveBack(name: string, versionId: string): void {
    const secret = this.#find(name);
    if (!secret?.versions.has(versionId)) throw new Error(`${name} has no version ${versionId}`);
    this.#change(name, { versions: withCurrent(secret.versions, versionId) });
  }

  /** Gives a version a label more. */
  label(name: string, versionId: string, label: string): void {
    const secret = this.#find(name);
    const version = secret?.versions.get(versionId);
    if (!secret || !version) throw new Error(`${name} has no version ${versionId}`);
    const labelled = { ...version, stages: new Set([...version.stages, label]) };
    this.#change(name, { versions: new Map(secret.versions).set(versionId, labelled) });
  }

  /** Undefined takes the tag away. */
  tag(name: string, owner: string | undefined): void {
    this.#change(name, { owner });
  }

  /** Schedules it for deletion. */
  delete(name: string): void {
    this.#change(name, { isDeleted: true });
  }

  restore(name: string): void {
    this.#change(name, { isDeleted: false });
  }

  /** What is made under the name then is another secret. */
  deleteForced(name: string): void {
    this.#secrets.delete(name);
  }

  /** From now on the secret is described as it is now, whatever happens to it. */
  holdBack(name: string): void {
    this.#shown.set(name, this.#find(name));
  }

  /** It is described as it is. */
  catchUp(name: string): void {
    this.#shown.delete(name);
  }

  describe(nameOrArn: string): Promise<SecretDescription> {
    this.described.push(nameOrArn);
    const secret = this.#shownAs(nameOrArn);
    if (!secret) return Promise.reject(missing(nameOrArn));
    if (secret.isDeleted) return Promise.reject(deleted(nameOrArn));
    const { arn, owner, versions, changedAtMs } = secret;
    const labelled = [...versions].filter(([, { stages }]) => stages.size > 0);
    const stages = Object.fromEntries(labelled.map(([id, version]) => [id, [...version.stages]]));
    const [currentVersionId = ""] =
      labelled.find(([, version]) => version.stages.has(CURRENT_STAGE)) ?? [];
    return Promise.resolve({ arn, currentVersionId, stages, lastChangedAtMs: changedAtMs, owner });
  }

  fetch(arn: string, versionId: string): Promise<Redacted<string>> {
    const secret = this.#find(arn);
    if (secret?.isDeleted) return Promise.reject(deleted(arn));
    if (!secret) return Promise.reject(missing(arn));
    const version = secret.versions.get(versionId);
    if (!version?.stages.has(CURRENT_STAGE)) {
      return Promise.reject(new SourceMovedError(`${versionId} of ${arn} is not current`));
    }
    this.fetched.push(versionId);
    this.afterFetch();
    return Promise.resolve(new Redacted(version.value));
  }

  #store(name: string, versionId: string, value: string, { owner }: PutOptions): void {
    const known = this.#secrets.get(name);
    const versions = new Map(known?.versions).set(versionId, { value, stages: new Set() });
    if (!known) this.#made.set(name, (this.#made.get(name) ?? 0) + 1);
    this.#secrets.set(name, {
      arn: arnOf(name, this.#made.get(name)),
      owner: known?.owner ?? owner,
      versions: withCurrent(versions, versionId),
      changedAtMs: this.nowMs(),
      isDeleted: false,
    });
  }

  #change(name: string, changes: Partial<StoredSecret>): void {
    const secret = this.#secrets.get(name);
    if (!secret) throw new Error(`there is no secret ${name}`);
    this.#secrets.set(name, { ...secret, ...changes, changedAtMs: this.nowMs() });
  }

  #find(nameOrArn: string): StoredSecret | undefined {
    return [...this.#secrets].find(([name, { arn }]) => [name, arn].includes(nameOrArn))?.[1];
  }

  #shownAs(nameOrArn: string): StoredSecret | undefined {
    const held = [...this.#shown].find(([name, shown]) => [name, shown?.arn].includes(nameOrArn));
    return held ? held[1] : this.#find(nameOrArn);
  }
}

/** Secrets Manager ends each ARN with six characters of its own, other ones when it is made again. */
export function arnOf(name: string, time = 1): string {
  const end = time === 1 ? "AbCdEf" : `AbCdE${time}`;
  return `arn:aws:secretsmanager:eu-central-1:111122223333:secret:${name}-${end}`;
}

function withCurrent(
  versions: ReadonlyMap<string, StoredVersion>,
  versionId: string,
): Map<string, StoredVersion> {
  const moved = [...versions].map(([id, version]): [string, StoredVersion] => {
    const stages = new Set(version.stages);
    const wasCurrent = stages.delete(CURRENT_STAGE);
    stages.delete(PREVIOUS_STAGE);
    if (id === versionId) stages.add(CURRENT_STAGE);
    else if (wasCurrent) stages.add(PREVIOUS_STAGE);
    return [id, { ...version, stages }];
  });
  return new Map(moved);
}

function missing(what: string): SecretSourceError {
  return new SecretSourceError(`${what}: there is no such secret in AWS Secrets Manager`);
}

function deleted(what: string): SecretSourceError {
  return new SecretSourceError(`${what}: the secret is scheduled for deletion`);
}
