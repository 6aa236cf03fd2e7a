import { visibleText } from "./visible.ts";

/**
 * What a worker does with a failed input: `retry` when the same input may pass later, be it that
 * a server comes back or that somebody mends a login; `reject` when the input itself must change.
 */
export type Disposition = "retry" | "reject";

/**
 * Every failure that the product expects. `code` is stable and kebab-case: people filter on it.
 * What a message quotes from outside is harmless wherever it is shown.
 */
export abstract class GatewayOpsError extends Error {
  abstract readonly code: string;
  abstract readonly disposition: Disposition;

  constructor(message: string, options?: ErrorOptions) {
    super(visibleText(message), options);
  }
}

/** The environment of a function or a command is incomplete or malformed. */
export class SettingsError extends GatewayOpsError {
  override readonly name = "SettingsError";
  readonly code = "invalid-settings";
  readonly disposition = "reject";
}

/** Another run holds the lease on the same resource; it ends on its own or lapses. */
export class LeaseHeldError extends GatewayOpsError {
  override readonly name = "LeaseHeldError";
  readonly code = "lease-held";
  readonly disposition = "retry";
  /** When it runs out unless its holder lives; undefined where nobody knows. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { readonly retryAfterMs?: number } = {}) {
    super(message);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Another run wrote the same record of the ledger in between; nothing of ours was written. */
export class RecordConflictError extends GatewayOpsError {
  override readonly name = "RecordConflictError";
  readonly code = "ledger-conflict";
  readonly disposition = "retry";
}
