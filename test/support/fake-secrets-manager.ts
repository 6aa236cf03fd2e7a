import { randomUUID } from "node:crypto";
import {
  CURRENT,
  type LabelMove,
  PENDING,
  PREVIOUS,
  type VersionedSecret,
  type VersionedSecrets,
} from "#rotation/versioned-secrets.ts";
import { Redacted } from "#runtime/redacted.ts";
import { SecretSourceError } from "#secrets/source.ts";
import { arnOf } from "./fake-secret-source.ts";
import type { RotationBackend } from "./rotation-driver.ts";

interface Version {
  value: string | undefined;
  readonly labels: Set<string>;
  /** Reads that do not see the value yet. */
  unseen: number;
}

interface Stored {
  readonly arn: string;
  readonly name: string;
  readonly tags: { readonly owner?: string; readonly strategy?: string };
  isRotating: boolean;
  readonly versions: Map<string, Version>;
}

/**
 * AWS Secrets Manager in memory, with versions and labels, as strict as its documentation: a token
 * stands for one value, a label is on one version, and moves only from where it is.
 */
export class FakeSecretsManager implements VersionedSecrets, RotationBackend {
  /** So many reads of a value that was just stored do not see it. */
  lag = 0;
  readonly #secrets = new Map<string, Stored>();

  /** A new secret with its first version. */
  create(name: string, value: string, tags: Stored["tags"] = {}): string {
    const stored = { arn: arnOf(name), name, tags, isRotating: true, versions: new Map() };
    this.#secrets.set(name, stored);
    return this.put(name, value);
  }

  /** PutSecretValue, as a person calls it: the labels leave the versions that had them. */
  put(name: string, value: string, labels: readonly string[] = [CURRENT]): string {
    const id = randomUUID();
    const { versions } = this.#find(name);
    versions.set(id, { value, labels: new Set(), unseen: 0 });
    for (const label of labels) this.#attach(name, label, id);
    return id;
  }

  switchOff(name: string): void {
    this.#find(name).isRotating = false;
  }

  /** Values of the versions that carry the label. */
  valuesWith(name: string, label: string): (string | undefined)[] {
    const versions = [...this.#find(name).versions.values()];
    return versions.filter(({ labels }) => labels.has(label)).map(({ value }) => value);
  }

  async describe(nameOrArn: string): Promise<VersionedSecret> {
    const { arn, name, isRotating, tags, versions } = this.#find(nameOrArn);
    const labelled = [...versions].filter(([, { labels }]) => labels.size > 0);
    return {
      arn,
      name,
      isRotating,
      owner: tags.owner,
      strategy: tags.strategy,
      versions: new Map(labelled.map(([id, { labels }]) => [id, [...labels]])),
    };
  }

  async read(arn: string, versionId: string): Promise<Redacted<string> | undefined> {
    const version = this.#find(arn).versions.get(versionId);
    // What has no label AWS may have forgotten.
    if (version?.value === undefined || version.labels.size === 0) return undefined;
    if (version.unseen > 0) {
      version.unseen -= 1;
      return undefined;
    }
    return new Redacted(version.value);
  }

  async store(
    arn: string,
    { id, value, labels }: { id: string; value: Redacted<string>; labels: string[] },
  ): Promise<boolean> {
    const { versions } = this.#find(arn);
    const known = versions.get(id);
    if (known?.value !== undefined && known.value !== value.reveal()) return false;
    const version = known ?? { value: undefined, labels: new Set<string>(), unseen: 0 };
    if (version.value === undefined) version.unseen = this.lag;
    version.value = value.reveal();
    versions.set(id, version);
    for (const label of labels) this.#attach(arn, label, id);
    return true;
  }

  async moveLabel(arn: string, { label, to, from }: LabelMove): Promise<void> {
    const { versions } = this.#find(arn);
    const [at] = [...versions].find(([, { labels }]) => labels.has(label)) ?? [];
    const isThere = to !== undefined && at === to;
    if (at !== from && !isThere) throw new Error(`InvalidParameterException: ${label} is at ${at}`);
    if (to !== undefined && !versions.has(to)) throw new Error("ResourceNotFoundException");
    if (to !== undefined) this.#attach(arn, label, to);
    else if (at !== undefined) versions.get(at)?.labels.delete(label);
  }

  async register(arn: string, token: string, value?: string): Promise<void> {
    this.#find(arn).versions.set(token, { value, labels: new Set(), unseen: 0 });
    this.#attach(arn, PENDING, token);
  }

  async valueOf(arn: string, versionId: string): Promise<string | undefined> {
    return this.#find(arn).versions.get(versionId)?.value;
  }

  async dropPending(arn: string, token: string): Promise<void> {
    this.#find(arn).versions.get(token)?.labels.delete(PENDING);
  }

  #attach(nameOrArn: string, label: string, id: string): void {
    for (const [other, { labels }] of this.#find(nameOrArn).versions) {
      if (labels.has(label) && other !== id && label === CURRENT) {
        this.#attach(nameOrArn, PREVIOUS, other);
      }
      labels.delete(label);
    }
    this.#find(nameOrArn).versions.get(id)?.labels.add(label);
  }

  #find(nameOrArn: string): Stored {
    const found = [...this.#secrets.values()].find(({ name, arn }) =>
      [name, arn].includes(nameOrArn),
    );
    if (found) return found;
    throw new SecretSourceError(`${nameOrArn}: there is no such secret in AWS Secrets Manager`);
  }
}
