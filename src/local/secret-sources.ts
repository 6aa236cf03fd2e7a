import { isUtf8 } from "node:buffer";
import { createHmac } from "node:crypto";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { Redacted } from "#runtime/redacted.ts";
import {
  CURRENT_STAGE,
  type SecretDescription,
  type SecretSource,
  SecretSourceError,
} from "#secrets/source.ts";
import { systemCode } from "./errors.ts";

/** As much as AWS Secrets Manager takes. */
const VALUE_BYTES_MAX = 65_536;

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "you may not read it",
  EPERM: "you may not read it",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is not a folder",
};

export interface LocalSecretSourcesOptions {
  /** Owner of the manifests: what the user can read is theirs. */
  readonly owner: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a relative path of a file is relative to. */
  readonly folder: string;
  /** Recognises a value that has not changed; see {@link readOrMakeKey}. */
  readonly key: () => Promise<Redacted<Buffer>>;
  /** For what is neither `env:NAME` nor `file:PATH`. Called at the first use. */
  readonly secretsManager: () => Promise<SecretSource>;
}

/**
 * Values from the environment (`env:NAME`) and from files (`file:PATH`), and from AWS Secrets
 * Manager for every other name. A version is a keyed hash of the value, as these have none.
 */
export class LocalSecretSources implements SecretSource {
  readonly #options: LocalSecretSourcesOptions;
  #secretsManager: Promise<SecretSource> | undefined;

  constructor(options: LocalSecretSourcesOptions) {
    this.#options = options;
  }

  async describe(id: string, signal: AbortSignal): Promise<SecretDescription> {
    const value = await this.#read(id);
    if (!value) return (await this.#aws()).describe(id, signal);
    const currentVersionId = await this.#hashOf(value);
    const stages = { [currentVersionId]: [CURRENT_STAGE] };
    return { arn: id, currentVersionId, stages, owner: this.#options.owner };
  }

  async fetch(id: string, versionId: string, signal: AbortSignal): Promise<Redacted<string>> {
    const value = await this.#read(id);
    if (!value) return (await this.#aws()).fetch(id, versionId, signal);
    if ((await this.#hashOf(value)) === versionId) return value;
    throw new SecretSourceError(`${id} changed while it was being read: run the command again`);
  }

  /** Undefined when it is for Secrets Manager. */
  async #read(id: string): Promise<Redacted<string> | undefined> {
    const [, scheme, rest = ""] = /^(env|file):(.*)$/s.exec(id) ?? [];
    if (scheme === "env") return this.#readVariable(rest);
    if (scheme === "file") return readValue(id, resolve(this.#options.folder, rest));
    return undefined;
  }

  #readVariable(name: string): Redacted<string> {
    const value = this.#options.env[name];
    if (value) return new Redacted(value);
    throw new SecretSourceError(
      `the environment variable ${name} is ${value === undefined ? "not set" : "empty"}`,
    );
  }

  async #hashOf(value: Redacted<string>): Promise<string> {
    const key = await this.#options.key();
    return `hmac:${createHmac("sha256", key.reveal()).update(value.reveal()).digest("hex")}`;
  }

  #aws(): Promise<SecretSource> {
    this.#secretsManager ??= this.#options.secretsManager();
    return this.#secretsManager;
  }
}

const REJECTED = { disposition: "reject" } as const;

/** The text of the file without the line end that editors and `echo` put behind it. */
async function readValue(id: string, path: string): Promise<Redacted<string>> {
  const bytes = await readBytes(id, path);
  if (bytes.length > VALUE_BYTES_MAX) {
    throw new SecretSourceError(`${id} is larger than ${VALUE_BYTES_MAX} bytes`, REJECTED);
  }
  if (!isUtf8(bytes)) throw new SecretSourceError(`${id} is not UTF-8 text`, REJECTED);
  const text = bytes.toString("utf8").replace(/\r?\n$/, "");
  if (text === "") throw new SecretSourceError(`${id} is empty`, REJECTED);
  return new Redacted(text);
}

async function readBytes(id: string, path: string): Promise<Buffer> {
  try {
    const file = await open(path, "r");
    try {
      const buffer = Buffer.alloc(VALUE_BYTES_MAX + 1);
      let length = 0;
      for (;;) {
        const { bytesRead } = await file.read(buffer, length, buffer.length - length);
        length += bytesRead;
        if (bytesRead === 0 || length === buffer.length) return buffer.subarray(0, length);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    const problem = PROBLEMS[systemCode(error) ?? ""];
    if (problem === undefined) throw error;
    throw new SecretSourceError(`${id} (${path}): ${problem}`, { cause: error });
  }
}
