import {
  type Experiment,
  forgetExperiment,
  rememberExperiment,
  type TrackingReader,
} from "#reconcile/observe/experiments.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import type { Ledger } from "#runtime/ledger.ts";
import type { Pace } from "#runtime/pace.ts";

/** The part of the tracking client that applying needs. */
export interface TrackingWriter {
  readonly experiments: Pick<TrackingReader["experiments"], "get"> & {
    /** One that exists by then is as good as a new one. */
    create(experiment: { readonly name: string }): Promise<Experiment>;
  };
}

/** The experiments that endpoints name, made when they are missing. */
export interface Experiments {
  /** Its id. Several at once that ask for the same name get the same one. */
  ensure(name: string): Promise<string>;
  /**
   * Why a write was refused that named the experiment, if that is the reason: it was deleted since
   * we learned its id. The ledger forgets it, and the next run finds or makes another one.
   */
  explain(name: string, error: unknown): Promise<unknown>;
}

/** The ledger knows an experiment that the server does not have any more. */
class ExperimentGoneError extends GatewayOpsError {
  override readonly name = "ExperimentGoneError";
  readonly code = "experiment-gone";
  readonly disposition = "retry";
}

interface Means {
  readonly tracking: TrackingWriter;
  readonly ledger: Ledger;
  readonly workspace: string;
  readonly pace: Pace | undefined;
  /** Ends the wait for a turn. */
  readonly signal: AbortSignal;
}

export function experimentsOf(
  { tracking, ledger, workspace, pace, signal }: Means,
  known: ReadonlyMap<string, string>,
): Experiments {
  const ids = new Map([...known].map(([name, id]) => [name, Promise.resolve(id)]));
  const make = async (name: string) => {
    await pace?.(signal);
    const { experiment_id } = await tracking.experiments.create({ name });
    await rememberExperiment(ledger, workspace, { name, experiment_id });
    return experiment_id;
  };
  const ensure = (name: string) => {
    const id = ids.get(name) ?? make(name);
    ids.set(name, id);
    return id;
  };
  return {
    ensure,
    async explain(name, error) {
      if (!(error instanceof GatewayOpsError) || error.code !== "gateway-refused") return error;
      const experiment_id = await ensure(name);
      const found = await tracking.experiments.get({ experiment_id });
      if (found && !found.isDeleted) return error;
      await forgetExperiment(ledger, workspace, name);
      return new ExperimentGoneError(
        `the experiment "${name}" (${experiment_id}) was deleted; it is looked up anew by the next run`,
        { cause: error },
      );
    },
  };
}
