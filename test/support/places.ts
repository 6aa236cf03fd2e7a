import type { RunPlace } from "#runtime/lease.ts";

/** Where the runs of tests work, if it does not matter. */
export const A_PLACE: RunPlace = { by: "ada@laptop", host: "laptop", process_id: 4711 };
