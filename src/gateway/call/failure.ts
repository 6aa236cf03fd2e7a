import { type GatewayStatusCode, GatewayStatusError } from "#gateway/errors.ts";
import type { TransportResponse } from "#gateway/http/request.ts";
import { parseRetryAfterMs } from "#gateway/http/retry.ts";
import { isObject, parseJson } from "./json.ts";

export interface FailureContext {
  readonly operation: string;
  readonly url: URL;
  readonly nowMs: number;
  /** Our credentials, which must not appear in the message even if the server repeats them. */
  readonly credentials: readonly string[];
  /** The request carried a secret value: an answer can hold it in any disguise. */
  readonly isSecret: boolean;
}

/**
 * Turns an answer that is no success into an error with a sentence for people. Bodies come as
 * MLflow's JSON, as FastAPI's `{detail}`, as plain text and as web pages; all are expected.
 */
export function statusError(
  response: TransportResponse,
  { operation, url, nowMs, credentials, isSecret }: FailureContext,
): GatewayStatusError {
  const { status, headers } = response;
  const read = readFailure(response);
  const failure = { status, ...read, words: read.message || "the server gave no reason" };
  const code = codeOf(failure);
  const isUnavailable = code === "gateway-unavailable";
  const retryAfterMs = parseRetryAfterMs(headers["retry-after"], nowMs);
  const explanation = isSecret
    ? explain({ ...failure, words: withheld(failure) }, url, undefined)
    : explain(failure, url, headers.location);
  return new GatewayStatusError(operation, presentable(explanation, credentials), {
    status,
    errorCode: failure.errorCode,
    code,
    // The server comes back, or somebody mends the login.
    disposition: isUnavailable || status === 401 || status === 403 ? "retry" : "reject",
    retryAfterMs,
    // A 429 turned the request away before anything was done; a proxy can say any other of these,
    // and add a Retry-After to it, when the server has carried the request out.
    isOutcomeUnknown: isUnavailable && status !== 429,
  });
}

interface Failure {
  readonly status: number;
  readonly errorCode: string | undefined;
  /** Empty when the body holds nothing that a person could use. */
  readonly message: string;
  /** What is repeated of it. */
  readonly words: string;
}

function readFailure({ body }: TransportResponse): Pick<Failure, "errorCode" | "message"> {
  const parsed = parseJson(body);
  if (parsed === undefined) return { errorCode: undefined, message: readPlainText(body) };
  const whole = isObject(parsed) ? parsed : {};
  const source = isObject(whole.detail) ? whole.detail : whole;
  const { error_code: errorCode, message = source.detail } = source;
  return {
    // It goes into messages and is compared: nothing but a name is taken for one.
    errorCode: /^[A-Z_]{1,60}$/.exec(String(errorCode))?.[0],
    message: typeof message === "string" ? message : "",
  };
}

function readPlainText(body: string): string {
  if (!/^\s*</.test(body)) return body.trim();
  const title = /<title>([^<]{1,100})/i.exec(body)?.[1]?.trim();
  return title ? `a web page titled "${title}"` : "";
}

/** Server faults that pass on their own, by MLflow's name for them. */
const PASSING_ERROR_CODE =
  /^(TEMPORARILY_UNAVAILABLE|REQUEST_LIMIT_EXCEEDED|RESOURCE_EXHAUSTED|DEADLINE_EXCEEDED|INTERNAL_ERROR)$/;
/** 501 and 505 are final; a 500 is judged by its error code. The others proxies make up freely. */
const PASSING_STATUS = /^(408|429|50[^015]|5[1-9]\d)$/;

/** MLflow answers 400 BAD_REQUEST when its pool of database connections runs dry. */
const POOL_EXHAUSTED = /QueuePool limit/i;
/** An endpoint's duplicate name comes as 400 BAD_REQUEST with the words of the database. */
const UNIQUE_VIOLATION =
  /UNIQUE constraint failed|violates unique constraint|Duplicate entry|UNIQUE KEY/i;
const DATABASE_WORDS =
  /\[SQL:|sqlalche\.me|constraint failed|violates [\w -]+ constraint|QueuePool|\((sqlite3|psycopg2?|pymysql|MySQLdb|pyodbc)\./i;

function codeOf(failure: Failure): GatewayStatusCode {
  const { status, errorCode, message } = failure;
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
function isPassing({ status, errorCode, message }: Failure): boolean {
  if (POOL_EXHAUSTED.test(message) || PASSING_STATUS.test(`${status}`)) return true;
  return errorCode === undefined ? status === 500 : PASSING_ERROR_CODE.test(errorCode);
}

function explain(failure: Failure, url: URL, location: string | undefined): string {
  const { status, errorCode, message, words } = failure;
  if (DATABASE_WORDS.test(message)) return explainDatabase(message);
  if (status === 401) {
    return "unauthorised: check credentials (MLflow's basic-auth takes a username and a password, no token)";
  }
  if (status === 403) return explainForbidden(failure, url);
  if (status >= 300 && status < 400) return explainRedirect(location, url);
  if (status === 404 && errorCode === undefined) {
    return `the server has nothing at ${url.pathname}: check the tracking URI, and that MLflow is 3.11.1 or newer`;
  }
  return words;
}

/**
 * In place of the words of an answer to a request with a secret value, which they can repeat in
 * Base64, in an address or in part. What people need most often is told in our words.
 */
function withheld(failure: Failure): string {
  const ownWords = OWN_WORDS[codeOf(failure)];
  if (ownWords !== undefined) return ownWords;
  return /api_base/.test(failure.message)
    ? "the server refuses the api_base: it must be https and lead to public addresses"
    : "its words are withheld, as they could repeat the secret value";
}

const TAKEN = "the name, or the same pair, is already taken";

const OWN_WORDS: Partial<Record<GatewayStatusCode, string>> = {
  "gateway-already-exists": TAKEN,
  "gateway-not-found": "there is no such secret",
  "gateway-unknown-workspace": "there is no such workspace",
};

function explainForbidden({ message, words }: Failure, url: URL): string {
  if (message.includes("Invalid Host header")) {
    return `the server does not accept the host name ${url.hostname}: start it with --allowed-hosts ${url.hostname}`;
  }
  return `forbidden: the user lacks a permission (${words})`;
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
  if (UNIQUE_VIOLATION.test(message)) return TAKEN;
  return "the server's database reported an error (its words are withheld)";
}

const MESSAGE_LENGTH_MAX = 500;

/** One line of bounded length without our credentials; they go before anything is cut. */
function presentable(text: string, credentials: readonly string[]): string {
  let clean = text;
  for (const value of credentials) {
    for (const form of new Set([value, JSON.stringify(value).slice(1, -1)])) {
      if (form !== "") clean = clean.replaceAll(form, "[redacted]");
    }
  }
  clean = clean.replace(/[\s\p{Cc}]+/gu, " ").trim();
  return clean.length > MESSAGE_LENGTH_MAX ? `${clean.slice(0, MESSAGE_LENGTH_MAX)}...` : clean;
}
