import type { Invocations } from "#secrets/probe/probe-gateway.ts";

/** For where no value is tried. */
export const NO_INVOCATIONS: Invocations = {
  invoke: () => Promise.reject(new Error("nobody was to call an endpoint")),
};
