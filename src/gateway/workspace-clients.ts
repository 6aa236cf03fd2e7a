import type { Deadline } from "#runtime/deadline.ts";
import { GatewayClient, type GatewayClientOptions } from "./client.ts";
import { InvocationClient } from "./invocations.ts";
import { TrackingClient } from "./tracking.ts";

/** Workspace of requests that name none. */
const WORKSPACE_DEFAULT = "default";

/**
 * The clients of each workspace, made when they are first asked for and only once: a client keeps
 * its connections and what it learnt of the server. Whoever asks for one says how long it has.
 */
export function workspaceClients(options: Omit<GatewayClientOptions<string>, "workspace">) {
  const optionsOf = (workspace: string): GatewayClientOptions<string> => ({
    ...options,
    // A server without workspaces has only this one, and does not know its name.
    ...(workspace === WORKSPACE_DEFAULT ? {} : { workspace }),
  });
  const gateway = madeOnce((workspace) => new GatewayClient(optionsOf(workspace)));
  const tracking = madeOnce((workspace) => new TrackingClient(optionsOf(workspace)));
  const invocations = madeOnce((workspace) => new InvocationClient(optionsOf(workspace)));
  return {
    gatewayOf: (workspace: string, { signal }: Deadline) => gateway(workspace).within(signal),
    trackingOf: (workspace: string, { signal }: Deadline) => tracking(workspace).within(signal),
    invocationsOf: (workspace: string, { signal }: Deadline) =>
      invocations(workspace).within(signal),
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
