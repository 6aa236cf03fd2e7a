import { expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import { OPEN } from "#manifest/access.ts";
import type { Manifest } from "#manifest/types.ts";
import { readFiles } from "#sync/manifest-source.ts";
import { planOwner } from "#sync/owner/plan-owner.ts";
import type { RunReport } from "#sync/report/report.ts";
import {
  aModelDefinition,
  anEndpoint,
  aSecret,
  ExpectedError,
  messagesIn,
} from "../support/builders.ts";
import { syncRuns } from "../support/sync-setup.ts";

/** Hundreds of runs, on a machine that may be busy with others. */
jest.setTimeout(120_000);

const BASE = "manifests/search/base.yaml";
const FILES = ["manifests/search/a.yaml", "manifests/search/b.yaml"] as const;
const NAMES = ["one", "two", "three"] as const;

type Content =
  | { readonly is: "valid"; readonly endpoints: Readonly<Record<string, string>> }
  | { readonly is: "silent" | "invalid" | "deleted" };

/** What a file says of endpoints: of each one the value of a tag. */
const content: fc.Arbitrary<Content> = fc.oneof(
  { weight: 4, arbitrary: valid() },
  fc.constantFrom<Content>({ is: "silent" }, { is: "invalid" }, { is: "deleted" }),
);

function valid(): fc.Arbitrary<Content> {
  return fc
    .dictionary(fc.constantFrom(...NAMES), fc.constantFrom("x", "y"), { noNullPrototype: true })
    .map((endpoints) => ({ is: "valid", endpoints }));
}

const step = fc.record({
  file: fc.constantFrom(...FILES),
  content,
  /** Whether the event of the put comes, or only the schedule. */
  hasEvent: fc.boolean(),
  isLast: fc.boolean(),
  fault: fc.option(
    fc.record({
      operation: fc.constantFrom(
        "getCurrentUser",
        "listEndpoints",
        "createEndpoint",
        "updateEndpoint",
        "setEndpointTag",
        "deleteEndpoint",
      ),
      call: fc.integer({ min: 1, max: 2 }),
      isLate: fc.boolean(),
    }),
    { nil: undefined },
  ),
});

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function setup(prune: boolean) {
  const runs = syncRuns({ prune, limits: { maxDeleteShare: 1, maxUpdateShare: 1 } });
  const { bucket, gateway, sync, lookAgain, clock } = runs;
  const put = (file: string, said: Content) => {
    if (said.is === "deleted") bucket.delete(file);
    else bucket.put(file, said.is === "invalid" ? "nonsense" : manifestOf(said));
  };
  const take = async ({ file, content: said, hasEvent, isLast, fault }: Step) => {
    put(file, said);
    const error = new ExpectedError("retry");
    if (fault?.isLate) gateway.loseAnswer(fault.operation, fault.call, error);
    else if (fault) gateway.failOn(fault.operation, fault.call, error);
    clock.advance(60_000);
    const report = hasEvent ? sync({ isLast }).catch(ignoreExpected) : lookAgain();
    const done = await report;
    gateway.heal();
    return done;
  };
  /** The gateway stays up, and the schedule comes again and again. */
  const settle = async () => {
    const reports: RunReport[] = [];
    for (let round = 0; round < 5; round += 1) {
      clock.advance(31 * 60_000);
      const report = await lookAgain();
      if (!report) return reports;
      reports.push(report);
    }
    throw new Error("the schedule never comes to an end");
  };
  const endpoints = () => gateway.visible().endpoints.map(({ name }) => name);
  return { ...runs, take, settle, endpoints };
}

function ignoreExpected(error: unknown): undefined {
  if (!(error instanceof ExpectedError || hasRetry(error))) throw error;
}

function hasRetry(error: unknown): boolean {
  return error instanceof Error && "disposition" in error && error.disposition === "retry";
}

function manifestOf(said: Content): Manifest {
  if (said.is !== "valid") return { version: 1 };
  return {
    version: 1,
    endpoints: Object.entries(said.endpoints).map(([name, team]) =>
      anEndpoint({ name, tags: { team } }),
    ),
  };
}

const MODELS: Manifest = {
  version: 1,
  secrets: [aSecret()],
  model_definitions: [aModelDefinition()],
};

test("whatever fails for a while, in the end the schedule brings every valid file about", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), fc.boolean(), async (steps, prune) => {
      const { bucket, take, settle, record, nextRun, gateway } = setup(prune);
      bucket.put(BASE, MODELS);

      for (const one of steps) await take(one);
      await settle();

      const run = nextRun();
      const files = await readFiles(run.manifests, "search");
      for (const { name, version_id } of files) {
        const known = await record(name);
        expect(known?.attempted_version).toBe(version_id);
        expect(["applied", "unchanged", "rejected", "refused"]).toContain(known?.status);
      }
      const before = gateway.writes();
      const request = { owner: "search", access: OPEN, files, ...run.planSettings };
      const { workspaces } = await planOwner(run, request);
      const isRefused = workspaces.some(({ trips }) => trips.length > 0);
      if (!isRefused) expect(workspaces.flatMap(({ plan }) => plan.changes)).toEqual([]);
      expect(gateway.writes()).toEqual(before);
    }),
    { numRuns: 300 },
  );
});

/** What each file declared when it was last applied, and no other file has declared since. */
class Held {
  readonly #contents = new Map<string, Content>();
  readonly #names = new Map<string, ReadonlySet<string>>();

  /** Checks what went in a run after `file` was put, and notes what is held from then on. */
  check(file: string, said: Content, gone: readonly string[], report: RunReport | undefined): void {
    const ends = new Map(report?.manifests.map(({ key, outcome }) => [key, outcome]));
    this.#contents.set(file, said);
    if ([...ends.values()].includes("rejected")) expect(gone).toEqual([]);
    for (const [known, content] of this.#contents) {
      const isApplied = ["applied", "unchanged"].includes(ends.get(known) ?? "");
      if (content.is !== "valid") expect(gone.filter((name) => this.#has(known, name))).toEqual([]);
      else if (isApplied) this.#note(known, Object.keys(content.endpoints));
    }
  }

  #has(file: string, name: string): boolean {
    return this.#names.get(file)?.has(name) ?? false;
  }

  #note(file: string, names: readonly string[]): void {
    for (const [other, theirs] of this.#names) {
      this.#names.set(other, new Set([...theirs].filter((name) => !names.includes(name))));
    }
    this.#names.set(file, new Set(names));
  }
}

test("nothing goes that an invalid or a deleted file declared last, nor anything while a file is invalid", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
      const { bucket, take, sync, endpoints } = setup(true);
      bucket.put(BASE, MODELS);
      await sync();
      const held = new Held();

      for (const one of steps) {
        const before = endpoints();
        const report = await take({ ...one, fault: undefined, hasEvent: true });
        const gone = before.filter((name) => !endpoints().includes(name));

        held.check(one.file, one.content, gone, report);
      }
    }),
    { numRuns: 300 },
  );
});

test("what was written is told, and what was not is not", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const { bucket, ledger, take, settle, gateway, record } = setup(false);
      bucket.put(BASE, MODELS);
      await settle();
      const known = new Set((await messagesIn(ledger)).map(({ id }) => id));
      const written = gateway.writes().length;

      for (const one of steps) await take(one);
      await settle();

      const news = (await messagesIn(ledger)).filter(({ id }) => !known.has(id));
      const hasTold = news.some(({ data }) => JSON.stringify(data).includes('"outcome":"applied"'));
      const hasWritten = gateway.writes().length > written;
      const ends = await Promise.all(FILES.map(async (file) => (await record(file))?.status));
      // Of a version that failed for now and was replaced by a wrong one, that one is told; what the
      // first one made is told as soon as a third one takes its place.
      if (ends.includes("rejected")) return;
      if (hasWritten) expect(hasTold).toBe(true);
      // What was told as pending is told as applied, though it may need no write in the end.
      else if (steps.every(({ fault }) => fault === undefined)) expect(hasTold).toBe(false);
    }),
    { numRuns: 300 },
  );
});

const failing = step.filter(({ content: { is }, fault }) => is === "valid" && fault !== undefined);
const replacing = fc.record({
  content: fc.constantFrom<Content>({ is: "invalid" }, { is: "silent" }),
  hasEvent: fc.boolean(),
  isLast: fc.boolean(),
});

test("a version that replaces one which failed for now is what is told in the end, be it wrong", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 3 }),
      failing,
      replacing,
      async (before, fails, replaces) => {
        const { bucket, ledger, take, settle, record } = setup(false);
        bucket.put(BASE, MODELS);
        for (const one of before) await take(one);
        await take(fails);
        const { file } = fails;
        const failed = await record(file);
        const earlier = await messagesIn(ledger);

        await take({ ...replaces, file, fault: undefined });
        await settle();

        const [newest] = (await readFiles(bucket, "search")).filter(({ name }) => name === file);
        const end = await record(file);
        const expected =
          replaces.content.is === "invalid" ? ["rejected"] : ["applied", "unchanged"];
        expect(end?.attempted_version).toBe(newest?.version_id);
        expect(expected).toContain(end?.status);
        const known = new Set(earlier.map(({ id }) => id));
        const told = (await messagesIn(ledger))
          .filter(({ id }) => !known.has(id))
          .flatMap(({ data }) => (data as { manifests: readonly Told[] }).manifests)
          .filter(({ key }) => key === file);
        // Whatever is told from then on is told of this version, with what is wrong with it.
        for (const { version_id } of told) expect(version_id).toBe(newest?.version_id);
        if (replaces.content.is === "invalid") {
          expect(told).toMatchObject([{ outcome: "rejected", issues: [{}] }]);
        } else if (failed?.status === "pending") {
          expect(told).toMatchObject([{ outcome: "applied" }]);
        }
      },
    ),
    { numRuns: 300 },
  );
});

interface Told {
  readonly key: string;
  readonly version_id: string;
}
