import { request } from "node:http";

const TIMEOUT_MS = 5000;

export interface LocalRequest {
  readonly method?: string;
  readonly user?: { readonly username: string; readonly password: string } | undefined;
  readonly bearer?: string;
  readonly json?: unknown;
  /** An already encoded form, as the query protocol of AWS wants it. */
  readonly form?: string;
  /** How long the server may keep silent. @default 5000 */
  readonly timeoutMs?: number;
}

export interface LocalResponse {
  readonly status: number;
  readonly body: string;
}

/**
 * One request to a server of this run on a connection of its own. Not `fetch`: newer Nodes can
 * send that through a proxy, and its idle connections outlive the server's.
 */
export function callLocal(url: string, options: LocalRequest = {}): Promise<LocalResponse> {
  const payload = options.json === undefined ? options.form : JSON.stringify(options.json);
  const headers = {
    ...headersOf(options),
    // Node leaves the length out of a DELETE, and the server then sees no body.
    ...(payload === undefined ? {} : { "content-length": Buffer.byteLength(payload) }),
  };
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      {
        method: options.method ?? "GET",
        headers,
        agent: false,
        timeout: options.timeoutMs ?? TIMEOUT_MS,
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          body += chunk;
        });
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    call.on("timeout", () => call.destroy(new Error(`${url} did not answer`)));
    call.on("error", reject);
    call.end(payload);
  });
}

function headersOf(options: LocalRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  if (options.user !== undefined) {
    const pair = `${options.user.username}:${options.user.password}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
  }
  if (options.bearer !== undefined) {
    headers.authorization = `Bearer ${options.bearer}`;
  }
  if (options.json !== undefined) {
    headers["content-type"] = "application/json";
  } else if (options.form !== undefined) {
    headers["content-type"] = "application/x-www-form-urlencoded";
  }
  return headers;
}

/** False while the server is still starting, for whatever reason. */
export async function answersOk(url: string): Promise<boolean> {
  return callLocal(url).then(
    (response) => response.status === 200,
    () => false,
  );
}
