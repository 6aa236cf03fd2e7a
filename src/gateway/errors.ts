import { type Disposition, GatewayOpsError } from "#runtime/errors.ts";

/** The request (or an option of the client) is wrong; nothing was sent. */
export class GatewayRequestError extends GatewayOpsError {
  override readonly name = "GatewayRequestError";
  readonly code = "gateway-invalid-request";
  readonly disposition = "reject";
}

/** A call that went out, or tried to, and brought no usable answer. */
export abstract class GatewayCallError extends GatewayOpsError {
  readonly operation: string;
  /** The server may have carried out the call: look before repeating a create. */
  readonly isOutcomeUnknown: boolean;

  constructor(
    operation: string,
    message: string,
    options: ErrorOptions & { readonly isOutcomeUnknown: boolean },
  ) {
    super(`${operation} ${message}`, options);
    this.operation = operation;
    this.isOutcomeUnknown = options.isOutcomeUnknown;
  }
}

/** No connection, or one that broke before the answer was complete. */
export class GatewayNetworkError extends GatewayCallError {
  override readonly name = "GatewayNetworkError";
  readonly code = "gateway-unreachable";
  readonly disposition = "retry";
}

/** No complete answer within the time limit of one request. */
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
  /** MLflow's `error_code`, which decides where the status misleads ("exists" is a 400). */
  readonly errorCode: string | undefined;
  /** What the server asked for in `Retry-After`. */
  readonly retryAfterMs: number | undefined;
}

/** The server answered with a status that is no success. */
export class GatewayStatusError extends GatewayCallError {
  override readonly name = "GatewayStatusError";
  readonly code: GatewayStatusCode;
  readonly disposition: Disposition;
  readonly status: number;
  readonly errorCode: string | undefined;
  readonly retryAfterMs: number | undefined;

  /** `explanation` must be fit to be shown: no SQL, no secret value (see failure.ts). */
  constructor(operation: string, explanation: string, facts: StatusFacts) {
    const status = [facts.status, facts.errorCode].filter(Boolean).join(" ");
    super(operation, `failed with ${status}: ${explanation}`, facts);
    this.code = facts.code;
    this.disposition = facts.disposition;
    this.status = facts.status;
    this.errorCode = facts.errorCode;
    this.retryAfterMs = facts.retryAfterMs;
  }
}
