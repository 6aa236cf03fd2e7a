import type { Agent, AgentOptions } from "node:http";
import { BlockList, isIPv4 } from "node:net";
import type { Environment } from "#cli/context.ts";
import { UsageError } from "#cli/usage-error.ts";
import { ForwardAgent, type HttpProxy, parseProxy, TunnelAgent } from "./proxy-agent.ts";

/** Makes what connects to a server, as the environment says; undefined: straight. */
export function agentFor(
  url: URL,
  env: Environment,
): ((options: AgentOptions) => Agent) | undefined {
  const proxy = proxyFor(url, env);
  if (!proxy) return undefined;
  return url.protocol === "https:"
    ? (options) => new TunnelAgent(() => proxy, options)
    : (options) => new ForwardAgent(proxy, options);
}

/** Of the clients of AWS, whose SDK by itself follows no proxy. */
export function awsOptions(env: Environment): { readonly requestHandler?: object } {
  const variables = proxyVariables(env);
  if (!variables.has("https") && !variables.has("all")) return {};
  const proxyOf = (host: string) => proxyFor(new URL(`https://${host}`), env);
  const options = { keepAlive: true, maxSockets: AWS_SOCKETS_MAX };
  return { requestHandler: { httpsAgent: new TunnelAgent(proxyOf, options) } };
}

/** As the SDK's own agent. */
const AWS_SOCKETS_MAX = 50;

/**
 * The proxy for a server by `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in the way of
 * MLflow's own client, which asks Python's requests (2.34, `get_environ_proxies`): a variable in
 * small letters goes before its like, and an empty one takes it away; the login is part of the
 * address. There is no exception for this machine.
 */
export function proxyFor(url: URL, env: Environment): HttpProxy | undefined {
  const variables = proxyVariables(env);
  const variable = variables.get(url.protocol.slice(0, -1)) ?? variables.get("all");
  if (!variable || isExcepted(url, env, variables.get("no")?.value ?? "")) return undefined;
  const proxy = parseProxy(variable.value);
  if (proxy) return proxy;
  throw new UsageError(
    `${variable.name} is no address of an HTTP proxy, such as http://user:password@proxy.example.com:3128 (SOCKS is not spoken)`,
  );
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

/** By what stands before `_proxy`, as Python's `getproxies_environment` reads them. */
function proxyVariables(env: Environment): ReadonlyMap<string, Variable> {
  const found = new Map<string, Variable>();
  const named = Object.entries(env).flatMap(([name, value = ""]) =>
    /_proxy$/i.test(name)
      ? { name, value, key: name.slice(0, -"_proxy".length).toLowerCase() }
      : [],
  );
  for (const { key, ...variable } of named) if (variable.value !== "") found.set(key, variable);
  // A CGI script gets the header `Proxy` of whoever asks as HTTP_PROXY.
  if (env.REQUEST_METHOD !== undefined) found.delete("http");
  for (const { key, ...variable } of named) {
    if (!variable.name.endsWith("_proxy")) continue;
    if (variable.value === "") found.delete(key);
    else found.set(key, variable);
  }
  return found;
}

/**
 * Whether `NO_PROXY` names the server: by its name or the end of it, with its port or without, by its
 * address or by its network. requests reads it twice: by itself, and as Python does (`listed`).
 */
function isExcepted(url: URL, env: Environment, listed: string): boolean {
  if (listed === "*") return true;
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const withPort = url.port === "" ? host : `${host}:${url.port}`;
  const isNamed = (entry: string) =>
    isIPv4(host) ? isInNetwork(host, entry) : isEndOf(host, entry) || isEndOf(withPort, entry);
  return (
    entriesOf(env.no_proxy || env.NO_PROXY || "").some(isNamed) ||
    entriesOf(listed).some((entry) => isEndOf(host, entry))
  );
}

function entriesOf(list: string): string[] {
  const entries = list.toLowerCase().replaceAll(" ", "").split(",");
  return entries.filter((entry) => entry !== "");
}

/** Of whole parts: `example.com` is the end of `mlflow.example.com`, not of `myexample.com`. */
function isEndOf(name: string, entry: string): boolean {
  return `.${name}`.endsWith(`.${entry.replace(/^\.+/, "")}`);
}

/** Of IPv4: an address, or one with the length of a mask. */
function isInNetwork(address: string, entry: string): boolean {
  const [network = "", bits, ...more] = entry.split("/");
  if (bits === undefined) return entry === address;
  const length = /^\d+$/.test(bits) ? Number(bits) : 0;
  if (!isIPv4(network) || length < 1 || length > 32 || more.length > 0) return false;
  const list = new BlockList();
  list.addSubnet(network, length);
  return list.check(address);
}
