import { GatewayRequestError } from "#gateway/errors.ts";
import { plain, Redacted } from "#runtime/redacted.ts";

/** A secret text, bare or already wrapped; it is held wrapped either way. */
type SecretText = string | Redacted<string>;

export type GatewayAuth =
  | { readonly username: string; readonly password: SecretText }
  /** For a proxy or a custom authorization function: basic-auth of MLflow answers 401 to it. */
  | { readonly token: SecretText }
  | { readonly kind: "none" };

export interface ConnectionOptions {
  /** Address of the MLflow server as its users see it; the path of a proxy prefix is kept. */
  readonly trackingUri: string;
  /**
   * A login, or a function that gives it: asked before every request, so that a login which is
   * changed somewhere is used at once, and once more when the server refuses it (401); what it
   * throws ends the call. The signal is the one that ends the call.
   * @default none
   */
  readonly auth?: GatewayAuth | ((signal?: AbortSignal) => Promise<GatewayAuth>);
  /** Travels as `X-MLFLOW-WORKSPACE`. @default the server's default workspace */
  readonly workspace?: string;
  /** Sent with every request, such as a proxy's key. */
  readonly headers?: Readonly<Record<string, SecretText>>;
}

/** Where the server is and who we are: everything that is the same in all requests. */
export interface Connection {
  /** Without a slash at its end. */
  readonly base: string;
  readonly headers: Redacted<Readonly<Record<string, string>>>;
  /** The credentials in every form in which an answer could repeat them. */
  readonly secretValues: Redacted<readonly string[]>;
  /** Of a login with a password. */
  readonly username: string | undefined;
  /** The login comes from a function, which may give another one when it is asked again. */
  readonly isRenewable: boolean;
  isSameLogin(other: Connection): boolean;
}

export type Connect = (signal: AbortSignal | undefined) => Promise<Connection>;

/** Throws `GatewayRequestError` on an option that no request could work with. */
export function connector(options: ConnectionOptions): Connect {
  const { auth = NO_AUTH } = options;
  if (typeof auth !== "function") {
    const connection = connect(options, auth, false);
    return async () => connection;
  }
  connect(options, NO_AUTH, true);
  return async (signal) => connect(options, await auth(signal), true);
}

const NO_AUTH: GatewayAuth = { kind: "none" };

function connect(options: ConnectionOptions, auth: GatewayAuth, isRenewable: boolean): Connection {
  const extra = Object.entries(options.headers ?? {}).map(
    ([name, value]) => [name.toLowerCase(), plain(value)] as const,
  );
  const { authorization, username, secretValues } = authorizationOf(auth);
  const headers: Record<string, string> = {
    "user-agent": "mlflow-gateway-ops",
    ...Object.fromEntries(extra),
    ...(authorization && { authorization }),
    ...(options.workspace !== undefined && { "x-mlflow-workspace": options.workspace }),
  };
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
  return {
    base: baseOf(options.trackingUri),
    headers: new Redacted(headers),
    secretValues: new Redacted([...secretValues, ...extra.map(([, value]) => value)]),
    username,
    isRenewable,
    isSameLogin: (other) => other.headers.reveal().authorization === headers.authorization,
  };
}

function baseOf(trackingUri: string): string {
  const url = URL.canParse(trackingUri) ? new URL(trackingUri) : undefined;
  // The text itself is not shown: it can hold a password.
  if (!url || !/^https?:$/.test(url.protocol)) {
    return refuse("trackingUri must start with http:// or https://");
  }
  if (url.username || url.password) {
    refuse("trackingUri must not hold a username or password: use the option auth");
  }
  if (url.search || url.hash) {
    refuse("trackingUri must not have a query or a fragment");
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

interface Authorization {
  /** The header. */
  readonly authorization?: string;
  readonly username?: string;
  readonly secretValues: readonly string[];
}

function authorizationOf(auth: GatewayAuth): Authorization {
  if ("token" in auth) {
    const token = required("auth.token", plain(auth.token));
    return { authorization: `Bearer ${token}`, secretValues: [token] };
  }
  if (!("username" in auth)) return { secretValues: [] };
  const username = required("auth.username", auth.username);
  const password = required("auth.password", plain(auth.password));
  if (username.includes(":")) refuse("auth.username must not contain a colon");
  const pair = Buffer.from(`${username}:${password}`).toString("base64");
  return { authorization: `Basic ${pair}`, username, secretValues: [password, pair] };
}

function required(option: string, value: string): string {
  return typeof value === "string" && value !== ""
    ? value
    : refuse(`${option} must be a text, not empty`);
}

/** Node refuses such headers only when sending, and a line break in one would start another. */
function checkHeader(name: string, value: string): void {
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) refuse(`header name ${name} is malformed`);
  if (!/^[\t\x20-\x7e\x80-\xff]+$/.test(value)) {
    refuse(`the value of header ${name} must be Latin-1 text, not empty`);
  }
}

/** Of an option of the client. */
function refuse(problem: string): never {
  throw new GatewayRequestError(`options of GatewayClient: ${problem}`);
}
