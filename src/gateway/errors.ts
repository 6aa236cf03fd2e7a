import { type Disposition, GatewayOpsError } from "#runtime/errors.ts";

/** The request (or an option of the client) is wrong; nothing was sent. */
export class GatewayRequestError extends GatewayOpsError {
  override readonly name = "GatewayRequestError";
  readonly code = "gateway-invalid-request";
  readonly disposition = "reject";
}

interface CallFacts extends ErrorOptions {
  /** @default false */
  readonly isOutcomeUnknown?: boolean;
  readonly status?: number;
  readonly errorCode?: string | undefined;
}

/** A call that went out, or tried to, and brought no usable answer. */
export abstract class GatewayCallError extends GatewayOpsError {
  readonly operation: string;
  /** The server may have carried out the call: look before repeating a create. */
  readonly isOutcomeUnknown: boolean;
  /** Of the answer; undefined when there was none. */
  readonly status: number | undefined;
  /** MLflow's `error_code`, which decides where the status misleads ("exists" is a 400). */
  readonly errorCode: string | undefined;

  constructor(operation: string, message: string, options: CallFacts = {}) {
    super(`${operation} ${message}`, options);
    this.operation = operation;
    this.isOutcomeUnknown = options.isOutcomeUnknown ?? false;
    this.status = options.status;
    this.errorCode = options.errorCode;
  }

  /** The same call may pass later: the server comes back, or somebody mends the login. */
  get isRetryable(): boolean {
    return this.disposition === "retry";
  }
}

/** No connection, or one that broke before the answer was complete. */
export class GatewayNetworkError extends GatewayCallError {
  override readonly name = "GatewayNetworkError";
  readonly code = "gateway-unreachable";
  readonly disposition = "retry";
}

/** No complete answer within the time limit of one request, or before the time of the caller was over. */
export class GatewayTimeoutError extends GatewayCallError {
  override readonly name = "GatewayTimeoutError";
  readonly code = "gateway-timeout";
  readonly disposition = "retry";
}

/** The caller's own `signal` ended the call. */
export class GatewayAbortedError extends GatewayCallError {
  override readonly name = "GatewayAbortedError";
  readonly code = "gateway-aborted";
  readonly disposition = "retry";
}

/**
 * The server said yes, but its answer is not one we understand or does not repeat what was sent:
 * MLflow drops what it cannot parse and still answers 200. The write may be half done.
 */
export class GatewayResponseError extends GatewayCallError {
  override readonly name = "GatewayResponseError";
  readonly code = "gateway-bad-response";
  readonly disposition = "reject";

  constructor(operation: string, message: string, options?: ErrorOptions) {
    super(operation, message, { ...options, isOutcomeUnknown: true });
  }
}

/** A look-up by a name that the server does not offer found nothing among what the user may see. */
export class GatewayNotFoundError extends GatewayCallError {
  override readonly name = "GatewayNotFoundError";
  /** The same as when the server itself says so. */
  readonly code = "gateway-not-found";
  readonly disposition = "reject";
}

export type GatewayStatusCode =
  | "gateway-unauthorised"
  | "gateway-forbidden"
  | "gateway-not-found"
  | "gateway-unknown-workspace"
  | "gateway-already-exists"
  | "gateway-unavailable"
  | "gateway-refused";

export interface StatusFacts {
  readonly code: GatewayStatusCode;
  readonly disposition: Disposition;
  readonly isOutcomeUnknown: boolean;
  readonly status: number;
  readonly errorCode: string | undefined;
  /** What the server asked for in `Retry-After`. */
  readonly retryAfterMs: number | undefined;
}

/** The server answered with a status that is no success. */
export class GatewayStatusError extends GatewayCallError {
  override readonly name = "GatewayStatusError";
  readonly code: GatewayStatusCode;
  readonly disposition: Disposition;
  declare readonly status: number;
  readonly retryAfterMs: number | undefined;

  /** `explanation` must be fit to be shown: no SQL, no secret value (see failure.ts). */
  constructor(operation: string, explanation: string, facts: StatusFacts) {
    const status = [facts.status, facts.errorCode].filter(Boolean).join(" ");
    super(operation, `failed with ${status}: ${explanation}`, facts);
    this.code = facts.code;
    this.disposition = facts.disposition;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** For a `catch`: a failed call is a result there; anything else is thrown on. */
export function failedCall(error: unknown): GatewayCallError {
  if (error instanceof GatewayCallError) return error;
  throw error;
}

/** MLflow's own 404s carry an error code; that of an address which it does not know does not. */
export function isUnknownAddress(error: unknown): boolean {
  return (
    error instanceof GatewayStatusError && error.status === 404 && error.errorCode === undefined
  );
}
