import type { Caller, CallOptions, Course } from "./caller.ts";
import { GatewayCallError, GatewayStatusError } from "./errors.ts";
import type { OperationName, RequestFields } from "./operations.ts";
import { isObject, type JsonObject } from "./read.ts";
import { isShortLived } from "./retry.ts";

/** How one kind of resource is created, and found again when the answer was lost. */
export interface Creation<N extends OperationName> {
  readonly operation: N;
  /** Field of the answer that holds the resource. */
  readonly entity: string;
  readonly fields: RequestFields<N>;
  readonly secretValues?: readonly string[];
  /** The server refuses a second one; so a repeat that follows a look-up can do no harm. */
  readonly isUnique: boolean;
  /**
   * What bears the same name, mark or key as the resource; `options` go with every call of it.
   * Absent where nothing tells the new one from others.
   */
  readonly find: ((options: CallOptions) => Promise<readonly JsonObject[]>) | undefined;
  /** First field that a found resource holds otherwise than sent. */
  readonly lostField: (stored: JsonObject) => string | undefined;
}

/** On top of the time that the retry policy gives. */
const LOOK_UP_MS = 10_000;
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
 * Resolves to an answer with the resource under `entity`. Throws a `GatewayCallError`.
 */
export async function create<N extends OperationName>(
  caller: Caller,
  creation: Creation<N>,
): Promise<JsonObject> {
  const course = caller.begin();
  let result = await attempt(caller, creation, course);
  if (!(result instanceof GatewayCallError)) return result;
  if (!creation.find || !isDoubtful(result)) throw result;
  while (isDoubtful(result) || isTaken(result)) {
    const failure: GatewayCallError = result;
    const isTimeLeft = await caller.pause(course, failure);
    const found = await lookUp(caller, creation, course.startedAtMs);
    if (isObject(found)) return { [creation.entity]: found };
    if (!isTimeLeft || found === "unclear" || !mayRepeat(failure, creation)) throw failure;
    result = await attempt(caller, creation, course);
    if (!(result instanceof GatewayCallError)) return result;
  }
  throw result;
}

async function attempt<N extends OperationName>(
  caller: Caller,
  { operation, fields, secretValues = [] }: Creation<N>,
  course: Course,
): Promise<JsonObject | GatewayCallError> {
  try {
    return await caller.call(operation, fields, { secretValues, course });
  } catch (error) {
    if (error instanceof GatewayCallError) return error;
    throw error;
  }
}

function isDoubtful(error: GatewayCallError): boolean {
  return error.isOutcomeUnknown && isShortLived(error);
}

/** After a doubtful attempt it may be our own resource that takes the name. */
function isTaken({ code }: GatewayCallError): boolean {
  return code === "gateway-already-exists";
}

function mayRepeat(error: GatewayCallError, { isUnique }: { readonly isUnique: boolean }): boolean {
  return !isTaken(error) && (isUnique || isOver(error));
}

async function lookUp<N extends OperationName>(
  caller: Caller,
  { find, isUnique, lostField }: Creation<N>,
  startedAtMs: number,
): Promise<JsonObject | "none" | "unclear"> {
  const candidates = await find?.({ course: caller.begin(LOOK_UP_MS) }).catch(() => undefined);
  if (!candidates) return "unclear";
  const [candidate, ...others] = candidates;
  if (!candidate) return "none";
  const oldestMs = caller.serverTimeMs(startedAtMs) - CLOCK_TOLERANCE_MS;
  const isOurs =
    others.length === 0 &&
    Number(candidate.created_at) >= oldestMs &&
    lostField(candidate) === undefined;
  if (isOurs) return candidate;
  // The name is someone else's, and the server will say so when it is asked again.
  return isUnique ? "none" : "unclear";
}

/** MLflow itself answered, so the request is not under way any more; a proxy's word proves nothing. */
function isOver(error: GatewayCallError): boolean {
  return error instanceof GatewayStatusError && error.errorCode !== undefined;
}
