import type { Pace } from "#runtime/pace.ts";

/** Operations that change nothing, and so need not wait. */
const READS: ReadonlySet<string> = new Set(["list", "find", "listForEndpoint", "models"]);

type Operation = (...request: unknown[]) => unknown;

/** The same gateway, each write of which waits for its turn, but not beyond the signal. */
export function paced<G extends object>(gateway: G, pace: Pace, signal: AbortSignal): G {
  const turn = () => pace(signal);
  return replacing(gateway, (group) =>
    typeof group === "object" && group !== null ? pacedGroup(group, turn) : group,
  );
}

function pacedGroup(group: object, turn: () => Promise<void>): object {
  return replacing(group, (operation, name) => {
    if (typeof operation !== "function" || READS.has(name)) return operation;
    return async (...request: unknown[]) => {
      await turn();
      return (operation as Operation).apply(group, request);
    };
  });
}

/** The same object with something else in the place of its properties. */
function replacing<T extends object>(
  object: T,
  replace: (value: unknown, name: string) => unknown,
): T {
  return new Proxy(object, {
    get: (target, name) => replace(Reflect.get(target, name), String(name)),
  });
}
