import { type GatewayStatusCode, GatewayStatusError } from "#gateway/errors.ts";
import type { TransportResponse } from "#gateway/http/request.ts";
import { parseRetryAfterMs } from "#gateway/http/retry.ts";
import { isObject, parseJson } from "./json.ts";

export interface FailureContext {
  readonly operation: string;
  readonly url: URL;
  readonly nowMs: number;
  /** Values that must not appear in the message even if the server repeats them. */
  readonly secretValues: readonly string[];
}

/**
 * Turns an answer that is no success into an error with a sentence for people. Bodies come as
 * MLflow's JSON, as FastAPI's `{detail}`, as plain text and as web pages; all are expected.
 */
export function statusError(
  response: TransportResponse,
  { operation, url, nowMs, secretValues }: FailureContext,
): GatewayStatusError {
  const { status, headers } = response;
  const failure: Failure = { status, ...readFailure(response) };
  const code = codeOf(failure);
  const isUnavailable = code === "gateway-unavailable";
  const retryAfterMs = parseRetryAfterMs(headers["retry-after"], nowMs);
  const explanation = explain(failure, url, headers.location);
  return new GatewayStatusError(operation, presentable(explanation, secretValues), {
    status,
    errorCode: failure.errorCode,
    code,
    // The server comes back, or somebody mends the login.
    disposition: isUnavailable || status === 401 || status === 403 ? "retry" : "reject",
    retryAfterMs,
    isOutcomeUnknown: isUnavailable && !isTurnedAway(status, retryAfterMs),
  });
}

interface Failure {
  readonly status: number;
  readonly errorCode: string | undefined;
  /** Undefined when the body holds nothing that a person could use. */
  readonly message: string | undefined;
}

function readFailure({ body }: TransportResponse): Omit<Failure, "status"> {
  const parsed = parseJson(body);
  if (parsed === undefined) return { errorCode: undefined, message: readPlainText(body) };
  const whole = isObject(parsed) ? parsed : {};
  const source = isObject(whole.detail) ? whole.detail : whole;
  const { error_code: errorCode, message = source.detail } = source;
  return {
    // It goes into messages and is compared: nothing but a name is taken for one.
    errorCode: /^[A-Z_]{1,60}$/.exec(String(errorCode))?.[0],
    message: typeof message === "string" ? message : undefined,
  };
}

function readPlainText(body: string): string | undefined {
  if (!/^\s*</.test(body)) return body.trim() || undefined;
  const title = /<title>([^<]{1,100})/i.exec(body)?.[1]?.trim();
  return title && `a web page titled "${title}"`;
}

/** Server faults that pass on their own, by MLflow's name for them. */
const PASSING_ERROR_CODE =
  /^(TEMPORARILY_UNAVAILABLE|REQUEST_LIMIT_EXCEEDED|RESOURCE_EXHAUSTED|DEADLINE_EXCEEDED|INTERNAL_ERROR)$/;
const PASSING_STATUSES: readonly number[] = [408, 429, 502, 503, 504];

/** MLflow answers 400 BAD_REQUEST when its pool of database connections runs dry. */
const POOL_EXHAUSTED = /QueuePool limit/i;
/** An endpoint's duplicate name comes as 400 BAD_REQUEST with the words of the database. */
const UNIQUE_VIOLATION =
  /UNIQUE constraint failed|violates unique constraint|Duplicate entry|UNIQUE KEY/i;
const DATABASE_WORDS =
  /\[SQL:|sqlalche\.me|constraint failed|violates [\w -]+ constraint|QueuePool|\((sqlite3|psycopg2?|pymysql|MySQLdb|pyodbc)\./i;

function codeOf(failure: Failure): GatewayStatusCode {
  const { status, errorCode, message = "" } = failure;
  if (status === 401) return "gateway-unauthorised";
  if (status === 403) return "gateway-forbidden";
  if (errorCode === "RESOURCE_DOES_NOT_EXIST") {
    return message.startsWith("Workspace ") ? "gateway-unknown-workspace" : "gateway-not-found";
  }
  if (errorCode === "RESOURCE_ALREADY_EXISTS" || UNIQUE_VIOLATION.test(message)) {
    return "gateway-already-exists";
  }
  return isPassing(failure) ? "gateway-unavailable" : "gateway-refused";
}

/** A 500 with an error code can be final (INVALID_STATE: still in use); one without is a crash. */
function isPassing({ status, errorCode, message = "" }: Failure): boolean {
  if (POOL_EXHAUSTED.test(message) || PASSING_STATUSES.includes(status)) return true;
  return errorCode === undefined ? status === 500 : PASSING_ERROR_CODE.test(errorCode);
}

/** A 429, or a 503 that says when to come back, turned the request away before anything was done. */
function isTurnedAway(status: number, retryAfterMs: number | undefined): boolean {
  return status === 429 || (status === 503 && retryAfterMs !== undefined);
}

function explain(
  { status, errorCode, message }: Failure,
  url: URL,
  location: string | undefined,
): string {
  if (message && DATABASE_WORDS.test(message)) return explainDatabase(message);
  if (status === 401) {
    return "unauthorised: check credentials (MLflow's basic-auth takes a username and a password, no token)";
  }
  if (status === 403) return explainForbidden(message, url);
  if (status >= 300 && status < 400) return explainRedirect(location, url);
  if (status === 404 && errorCode === undefined) {
    return `the server has nothing at ${url.pathname}: check the tracking URI, and that MLflow is 3.11.1 or newer`;
  }
  return message ?? "the server gave no reason";
}

function explainForbidden(message: string | undefined, url: URL): string {
  if (message?.includes("Invalid Host header")) {
    return `the server does not accept the host name ${url.hostname}: start it with --allowed-hosts ${url.hostname}`;
  }
  return `forbidden: the user lacks a permission (${message ?? "no reason"})`;
}

/** Only where it leads: the query of a login redirect can carry tokens. */
function explainRedirect(location: string | undefined, url: URL): string {
  const target = location && URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  const where = target ? `${target.origin}${target.pathname}` : "elsewhere";
  return `the server redirects to ${where}, which is not followed: check the tracking URI`;
}

/** The original carries statements and their parameters, in words that differ per database. */
function explainDatabase(message: string): string {
  if (POOL_EXHAUSTED.test(message)) return "the server ran out of database connections";
  if (UNIQUE_VIOLATION.test(message)) return "the name, or the same pair, is already taken";
  return "the server's database reported an error (its words are withheld)";
}

const MESSAGE_LENGTH_MAX = 500;

/** One line of bounded length without the secret values; they go before anything is cut. */
function presentable(text: string, secretValues: readonly string[]): string {
  let clean = text;
  for (const value of secretValues) {
    for (const form of new Set([value, JSON.stringify(value).slice(1, -1)])) {
      if (form !== "") clean = clean.replaceAll(form, "[redacted]");
    }
  }
  clean = clean.replace(/[\s\p{Cc}]+/gu, " ").trim();
  return clean.length > MESSAGE_LENGTH_MAX ? `${clean.slice(0, MESSAGE_LENGTH_MAX)}...` : clean;
}
