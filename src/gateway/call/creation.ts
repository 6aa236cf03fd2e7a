import { failedCall, GatewayCallError } from "#gateway/errors.ts";
import { isShortLived } from "#gateway/http/retry.ts";
import type { OperationName, RequestField, RequestFields } from "#gateway/operations.ts";
import type { Caller, CallOptions } from "./caller.ts";
import { type Check, checkRequest } from "./checks.ts";
import { isStored, written } from "./echo.ts";
import { isObject, type JsonObject } from "./json.ts";
import type { Kind } from "./read.ts";

/** How one kind of resource is created, and found again when the answer was lost. */
export interface Creation<N extends OperationName, T> {
  readonly operation: N;
  readonly kind: Kind<T>;
  /** Not needed where the request had to be checked before. */
  readonly check?: Check;
  /** As they go out. */
  readonly fields: RequestFields<N>;
  /** The fields hold a secret value. */
  readonly isSecret?: boolean;
  /**
   * The server refuses a second one; so a repeat that follows a look-up can do no harm.
   * @default true
   */
  readonly isUnique?: boolean;
  /** Resources among which it is, if it is there; `options` go with every call of it. */
  readonly find: (options: CallOptions) => Promise<readonly object[]>;
  /**
   * Fields that tell it from others among these; when one is not given, it cannot be found again.
   * @default none, as there are no others
   */
  readonly identity?: readonly RequestField<N>[];
  /** What must come back. @default the fields */
  readonly expected?: JsonObject;
}

/** A proxy makes up any status from here on, and even the body of MLflow's errors. */
const PROXY_STATUS_MIN = 502;
/** The server's clock is known from the `Date` header, to half a second and the time of travel. */
const CLOCK_TOLERANCE_MS = 1500;

/**
 * Creates a resource and never sends the request a second time blindly. When an answer was lost:
 *
 * 1. wait, then look for the resource
 * 2. there is one, it is younger than this call and holds all that was sent: it is ours
 * 3. there is none: create it again, if the server would refuse a second one or has certainly
 *    done with the first request; else the error stands, and its `isOutcomeUnknown` is true
 *
 * What is stored is compared with what was sent. Throws a `GatewayCallError`.
 */
export async function create<N extends OperationName, T>(
  caller: Caller,
  creation: Creation<N, T>,
): Promise<T> {
  const { operation, kind, fields, expected = fields, check } = creation;
  if (check) checkRequest(operation, fields, check);
  return written(operation, await createOnce(caller, creation), kind, expected);
}

async function createOnce<N extends OperationName>(
  caller: Caller,
  creation: Creation<N, unknown>,
): Promise<JsonObject> {
  const { operation, kind, fields, isSecret = false } = creation;
  const retryBudget = caller.begin();
  for (let wasDoubtful = false; ; wasDoubtful = true) {
    const result = await caller
      .call(operation, fields, { isSecret, retryBudget })
      .catch(failedCall);
    if (!(result instanceof GatewayCallError)) return result;
    // After a doubtful attempt it may be our own resource that takes the name.
    const isTaken = wasDoubtful && result.code === "gateway-already-exists";
    if (!isTaken && !isDoubtful(result, creation)) throw result;
    const isTimeLeft = await caller.pause(retryBudget, result);
    const found = await lookUp(caller, creation, retryBudget.startedAtMs);
    if (isObject(found)) return { [kind.one]: found };
    if (!isTimeLeft || isTaken || found === "unclear" || !mayRepeat(result, creation)) throw result;
  }
}

/** It may have been created, and could be found then. */
function isDoubtful<N extends OperationName>(
  error: GatewayCallError,
  { fields, identity = [] }: Creation<N, unknown>,
): boolean {
  const isFindable = identity.every((field) => fields[field] !== undefined);
  return isFindable && error.isOutcomeUnknown && isShortLived(error);
}

/**
 * A second request does no harm. Where MLflow itself answered, the first one is not under way any
 * more; a proxy's word proves nothing.
 */
function mayRepeat<N extends OperationName>(
  error: GatewayCallError,
  { isUnique = true }: Creation<N, unknown>,
): boolean {
  if (isUnique) return true;
  const { status = PROXY_STATUS_MIN, errorCode } = error;
  return errorCode !== undefined && status < PROXY_STATUS_MIN;
}

async function lookUp<N extends OperationName>(
  caller: Caller,
  { find, fields, identity = [], expected = fields, isUnique = true }: Creation<N, unknown>,
  startedAtMs: number,
): Promise<JsonObject | "none" | "unclear"> {
  const all = await find({ retryBudget: caller.begin() }).catch(() => undefined);
  if (!all) return "unclear";
  const wanted = Object.fromEntries(identity.map((field) => [field, fields[field]]));
  const candidates = (all as readonly JsonObject[]).filter((stored) => isStored(wanted, stored));
  const [candidate, ...others] = candidates;
  if (!candidate) return "none";
  const oldestMs = caller.serverTimeMs(startedAtMs) - CLOCK_TOLERANCE_MS;
  const isOurs =
    others.length === 0 &&
    Number(candidate.created_at) >= oldestMs &&
    isStored(expected, candidate);
  if (isOurs) return candidate;
  // The name is someone else's, and the server will say so when it is asked again.
  return isUnique ? "none" : "unclear";
}
