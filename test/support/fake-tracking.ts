import { ExperimentDeletedError } from "#gateway/tracking.ts";
import type { TrackingOperationName } from "#gateway/tracking-operations.ts";
import type { GuardrailScorer } from "#gateway/types.ts";
import type { TrackingWriter } from "#reconcile/apply/write-experiment.ts";
import type { EndpointGrant, Experiment, TrackingReader } from "#reconcile/observe/experiments.ts";

/** All that the core needs of a tracking server. */
export type CoreTracking = TrackingReader & TrackingWriter;

interface StoredScorer {
  readonly scorer_id: string;
  readonly scorer_name: string;
  readonly experiment_id: string;
  scorer_version: number;
}

type Call = <R>(operation: TrackingOperationName, work: () => R) => Promise<R>;

/** Experiments and scorers in memory. */
export class FakeTracking implements CoreTracking {
  readonly #call: Call;
  readonly #experiments = new Map<string, Experiment>();
  readonly #scorers: StoredScorer[] = [];
  #ids = 0;

  constructor(call: Call) {
    this.#call = call;
  }

  readonly experiments: CoreTracking["experiments"] = {
    find: ({ name }) => this.#call("findExperiment", () => this.#named(name)),
    get: ({ experiment_id }) =>
      this.#call("getExperiment", () => this.#experiments.get(experiment_id)),
    create: ({ name }) =>
      this.#call("createExperiment", () => {
        if (this.#named(name)?.isDeleted) {
          throw new ExperimentDeletedError("createExperiment", `finds ${name} deleted`);
        }
        const experiment_id = this.ensure(name);
        return { experiment_id, name, isDeleted: false };
      }),
  };

  readonly scorers: CoreTracking["scorers"] = {
    list: ({ experiment_id }) =>
      this.#call("listScorers", () =>
        this.#scorers
          .filter((scorer) => scorer.experiment_id === experiment_id)
          .map(({ scorer_id, scorer_name, scorer_version }) => ({
            scorer_id,
            scorer_name,
            scorer_version,
          })),
      ),
  };

  /** Undefined on a server without accounts. */
  granted: EndpointGrant[] | undefined;

  readonly grants: CoreTracking["grants"] = {
    list: () => this.#call("listUsers", () => this.granted),
  };

  /** Adds a scorer, or another version of one, and returns its id. */
  registerScorer(experiment_id: string, scorer_name: string): string {
    const known = this.#scorers.find(
      (scorer) => scorer.experiment_id === experiment_id && scorer.scorer_name === scorer_name,
    );
    if (known) {
      known.scorer_version += 1;
      return known.scorer_id;
    }
    const scorer_id = `scorer-${this.#scorers.length + 1}`;
    this.#scorers.push({ scorer_id, scorer_name, experiment_id, scorer_version: 1 });
    return scorer_id;
  }

  /** As MLflow does it: it is only marked. */
  deleteExperiment(name: string): void {
    const experiment = this.#named(name);
    if (experiment) {
      this.#experiments.set(experiment.experiment_id, { ...experiment, isDeleted: true });
    }
  }

  renameExperiment(name: string, after: string): void {
    const experiment = this.#named(name);
    if (experiment) {
      this.#experiments.set(experiment.experiment_id, { ...experiment, name: after });
    }
  }

  /** Deleted for good, as by `mlflow gc`. */
  forgetExperiment(name: string): void {
    const experiment = this.#named(name);
    if (experiment) this.#experiments.delete(experiment.experiment_id);
  }

  has(experiment_id: string): boolean {
    return this.#experiments.has(experiment_id);
  }

  /** The id of the experiment of this name, made if there is none. */
  ensure(name: string): string {
    const known = this.#named(name);
    if (known) return known.experiment_id;
    this.#ids += 1;
    const experiment_id = String(this.#ids);
    this.#experiments.set(experiment_id, { experiment_id, name, isDeleted: false });
    return experiment_id;
  }

  /** As a guardrail shows it. */
  version(scorer_id: string, scorer_version: number): GuardrailScorer | undefined {
    const scorer = this.#scorers.find((one) => one.scorer_id === scorer_id);
    if (!scorer || scorer_version > scorer.scorer_version) return undefined;
    const { experiment_id, scorer_name } = scorer;
    return { scorer_id, scorer_version, scorer_name, experiment_id };
  }

  /** Names of all that are not deleted. */
  names(): string[] {
    return [...this.#experiments.values()]
      .filter(({ isDeleted }) => !isDeleted)
      .map(({ name }) => name);
  }

  #named(wanted: string): Experiment | undefined {
    return [...this.#experiments.values()].find(({ name }) => name === wanted);
  }
}
