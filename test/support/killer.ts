/** What a process that is killed leaves behind: nothing of ours catches it. */
export class Killed extends Error {}

type Moment = "before" | "after";

/**
 * Kills a process at the n-th call that it makes of anything outside it: before it has an effect,
 * or after, when only its answer is lost. From then on every other call is lost as well.
 */
export class Killer {
  #calls = 0;
  #isDead = false;
  readonly #last: number;
  readonly #moment: Moment;

  constructor(last = Number.POSITIVE_INFINITY, moment: Moment = "before") {
    this.#last = last;
    this.#moment = moment;
  }

  get calls(): number {
    return this.#calls;
  }

  /** The same object, each asynchronous call of which can be the last one. */
  around<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value === "function") {
          return (...given: unknown[]) => this.#call(() => Reflect.apply(value, target, given));
        }
        return typeof value === "object" && value !== null ? this.around(value) : value;
      },
    });
  }

  #call(work: () => unknown): unknown {
    this.#calls += 1;
    if (this.#calls === this.#last && this.#moment === "before") this.#isDead = true;
    if (this.#isDead) return Promise.reject(new Killed());
    const isLast = this.#calls === this.#last;
    if (isLast) this.#isDead = true;
    const done = work();
    return isLast ? Promise.resolve(done).then(() => Promise.reject(new Killed())) : done;
  }
}
