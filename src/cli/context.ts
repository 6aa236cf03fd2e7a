import type { CommandContext } from "@stricli/core";
import type { Clock } from "#runtime/clock.ts";
import type { AuthorBucket } from "#sync/author/author-bucket.ts";
import type { Permissions } from "#sync/tenancy.ts";
import type { OpenBackend } from "./backend.ts";

/** Where text goes. */
export interface Output {
  readonly write: (text: string) => void;
  readonly isTTY: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Which bucket: that of a stack, or the one of this name. */
export type BucketPlace = { readonly stack: string } | { readonly bucket: string };

/** Everything of the outside world that a command may touch. */
export interface GwopsContext extends CommandContext {
  readonly process: {
    /** Data only: what a script wants to read. */
    readonly stdout: Output;
    /** Everything for people: progress, warnings, questions. */
    readonly stderr: Output;
    exitCode?: number | string | null;
  };
  /** Whether text may be painted. */
  readonly isColoured: boolean;
  readonly env: Environment;
  /** The user's home folder. */
  readonly home: string;
  /** The working directory: relative paths start here. */
  readonly folder: string;
  readonly clock: Clock;
  /** Names this run in reports and leases. */
  readonly runId: string;
  /** Who runs the command, for reports. */
  readonly user: string;
  /** Reads all of stdin. */
  readonly readStdin: () => Promise<Uint8Array>;
  /** Asks a person; undefined when nobody can answer. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** From this call on Ctrl-C does not end the process, but aborts the signal. */
  readonly onInterrupt: () => AbortSignal;
  readonly open: OpenBackend;
  readonly openBucket: (place: BucketPlace) => Promise<AuthorBucket>;
  /** Who may do what in a deployed stack. */
  readonly permissionsOf: (stack: string) => Promise<Permissions>;
}
