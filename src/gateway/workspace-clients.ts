import { GatewayClient, type GatewayClientOptions } from "./client.ts";
import { TrackingClient } from "./tracking.ts";

/** Workspace of requests that name none. */
const WORKSPACE_DEFAULT = "default";

/**
 * The clients of each workspace, made when they are first asked for and only once: a client keeps
 * its connections and what it learnt of the server.
 */
export function workspaceClients(options: Omit<GatewayClientOptions<string>, "workspace">) {
  const optionsOf = (workspace: string): GatewayClientOptions<string> => ({
    ...options,
    // A server without workspaces has only this one, and does not know its name.
    ...(workspace === WORKSPACE_DEFAULT ? {} : { workspace }),
  });
  return {
    gatewayOf: madeOnce((workspace) => new GatewayClient(optionsOf(workspace))),
    trackingOf: madeOnce((workspace) => new TrackingClient(optionsOf(workspace))),
  };
}

function madeOnce<T>(make: (workspace: string) => T): (workspace: string) => T {
  const made = new Map<string, T>();
  return (workspace) => {
    const value = made.get(workspace) ?? make(workspace);
    made.set(workspace, value);
    return value;
  };
}
