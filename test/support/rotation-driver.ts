import { randomUUID } from "node:crypto";
import { ROTATION_STEPS, type StepRequest } from "#rotation/run-step.ts";
import {
  CURRENT,
  PENDING,
  type VersionedSecret,
  versionWith,
} from "#rotation/versioned-secrets.ts";

/** The bookkeeping that Secrets Manager does itself around a rotation. */
export interface RotationBackend {
  describe(nameOrArn: string, signal: AbortSignal): Promise<VersionedSecret>;
  /** A version with the label AWSPENDING; without a value unless one is given. */
  register(arn: string, token: string, value?: string): Promise<void>;
  valueOf(arn: string, versionId: string): Promise<string | undefined>;
  dropPending(arn: string, token: string): Promise<void>;
}

export type Invoke = (event: StepRequest) => Promise<unknown>;

export interface RotationEnd {
  readonly token: string;
  /** Undefined when the rotation passed. */
  readonly error?: unknown;
}

/** AWS documents that a failed rotation is repeated as a whole, several times, and no number. */
const ATTEMPTS_MAX = 3;

const NO_END = new AbortController().signal;

/**
 * RotateSecret as AWS documents it, for places that do not call rotation functions themselves:
 *
 * - rotation must be switched on; AWSPENDING on another version than AWSCURRENT is a rotation that is
 *   not complete, and refused
 * - a version without a value gets AWSPENDING before the first step
 * - each step is called with three fields and no other; the first failure ends the attempt, and the
 *   whole rotation is repeated with the same token
 * - it has passed when AWSCURRENT is on the token; then AWSPENDING goes from it
 */
export class RotationDriver {
  readonly #backend: RotationBackend;
  readonly #invoke: Invoke;

  constructor(backend: RotationBackend, invoke: Invoke) {
    this.#backend = backend;
    this.#invoke = invoke;
  }

  async rotate(name: string): Promise<RotationEnd> {
    const arn = await this.#begin(name);
    const token = randomUUID();
    await this.#backend.register(arn, token);
    let failure: { readonly error: unknown } | undefined;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      failure = await this.#attempt(arn, token);
      if (!failure) break;
    }
    if (failure) return { token, error: failure.error };
    const after = await this.#backend.describe(arn, NO_END);
    if (versionWith(after, CURRENT) !== token) {
      return { token, error: new Error("the function passed, but AWSCURRENT did not move") };
    }
    await this.#backend.dropPending(arn, token);
    return { token };
  }

  /** As when a schedule is set with RotateImmediately off: the version exists for the test only. */
  async testAlone(name: string, hasValue = true): Promise<RotationEnd> {
    const arn = await this.#begin(name);
    const token = randomUUID();
    const secret = await this.#backend.describe(arn, NO_END);
    const value = await this.#backend.valueOf(arn, versionWith(secret, CURRENT) ?? "");
    await this.#backend.register(arn, token, hasValue ? value : undefined);
    const failure = await this.#step(arn, token, "testSecret");
    const after = await this.#backend.describe(arn, NO_END);
    if (after.versions.get(token)?.includes(PENDING)) await this.#backend.dropPending(arn, token);
    return { token, ...failure };
  }

  async #begin(name: string): Promise<string> {
    const secret = await this.#backend.describe(name, NO_END);
    if (!secret.isRotating) throw new Error("InvalidRequestException: rotation is not set up");
    const pending = versionWith(secret, PENDING);
    if (pending !== undefined && pending !== versionWith(secret, CURRENT)) {
      throw new Error("InvalidRequestException: a previous rotation isn't complete");
    }
    return secret.arn;
  }

  async #attempt(arn: string, token: string): Promise<{ readonly error: unknown } | undefined> {
    for (const step of ROTATION_STEPS) {
      const failure = await this.#step(arn, token, step);
      if (failure) return failure;
    }
    return undefined;
  }

  async #step(
    SecretId: string,
    ClientRequestToken: string,
    Step: StepRequest["Step"],
  ): Promise<{ readonly error: unknown } | undefined> {
    try {
      await this.#invoke({ SecretId, ClientRequestToken, Step });
      return undefined;
    } catch (error) {
      return { error };
    }
  }
}
