import { expect, test } from "@jest/globals";
import { planRemotely } from "#sync/author/plan-remotely.ts";
import { authorSetup } from "../../../support/author-setup.ts";
import { aManifest, anEndpoint, aSecret } from "../../../support/builders.ts";
import { MANIFEST_KEY } from "../../../support/sync-setup.ts";

const KEY = "plans/search/pr-12/gwops-set.json";
const WAIT = { timeoutMs: 60_000 };

function fileOf(manifest: unknown, name = MANIFEST_KEY) {
  return { name, version_id: "here", content: JSON.stringify(manifest) };
}

function planOf(files = [fileOf(aManifest())], name = "pr-12") {
  return { owner: "search", name, files };
}

test("files are planned together, in the place of the manifests of their names", async () => {
  const setup = authorSetup();
  await setup.putAndSync(aManifest());
  const changed = aManifest({ endpoints: [anEndpoint({ tags: { team: "new" } })] });
  const other = { version: 1, secrets: [aSecret({ name: "other" })] };

  const preview = await planRemotely(
    setup.dependencies,
    planOf([fileOf(changed), fileOf(other, "manifests/search/deep/other.yaml")]),
    WAIT,
  );
  const report = await setup.putAndSync(changed);

  expect(preview).toMatchObject({
    source: { key: KEY },
    outcome: "planned",
    manifests: [
      { key: MANIFEST_KEY, outcome: "planned" },
      { key: "manifests/search/deep/other.yaml", outcome: "planned" },
    ],
    workspaces: [
      {
        changes: [
          { action: "create", key: "secret/other" },
          { action: "update", key: "endpoint/chat" },
        ],
      },
    ],
  });
  expect(setup.puts).toEqual([KEY]);
  expect([...setup.bucket.previews.keys()]).toEqual(["plan-results/search/pr-12/gwops-set"]);
  expect(report?.outcome).toBe("applied");
});

test("the result is that of this put, not of an older one under the same name", async () => {
  const setup = authorSetup();
  const first = await planRemotely(setup.dependencies, planOf(), WAIT);

  const second = await planRemotely(
    setup.dependencies,
    planOf([fileOf({ version: 1, budgets: [] })]),
    WAIT,
  );

  expect(first.workspaces[0]?.changes).toHaveLength(4);
  expect(second.source.version_id).not.toBe(first.source.version_id);
  expect(second.workspaces[0]?.changes).toEqual([]);
});

test("plans of different names at the same time do not disturb each other", async () => {
  const { dependencies } = authorSetup();

  const [one, other] = await Promise.all([
    planRemotely(dependencies, planOf(), WAIT),
    planRemotely(dependencies, planOf([fileOf({ version: 1, budgets: [] })], "pr-13"), WAIT),
  ]);

  expect([one, other].map(({ workspaces }) => workspaces[0]?.changes.length)).toEqual([4, 0]);
});

test("whoever's plan is replaced before it was made is told, and waits no longer", async () => {
  const { dependencies, author, clock } = authorSetup();
  const startedMs = clock.nowMs();

  const mine = planRemotely(dependencies, planOf(), WAIT);
  await author.put(KEY, '{"version":1,"files":[{"path":"gateway.yaml","text":"version: 1"}]}');

  await expect(mine).rejects.toThrow(
    `${KEY} was replaced meanwhile: its newest version is object-version-2, and what was put here was object-version-1`,
  );
  expect(clock.nowMs() - startedMs).toBeLessThan(5_000);
});

test("whoever stops waiting learns at once that what was put is worked on all the same", async () => {
  const { dependencies, state, clock } = authorSetup();
  Object.assign(state, { isDeaf: true });
  const stop = new AbortController();
  const startedMs = clock.nowMs();

  const plan = planRemotely(dependencies, planOf(), {
    ...WAIT,
    signal: stop.signal,
    onWait: (waitedMs) => {
      if (waitedMs >= 2_000) stop.abort();
    },
  });

  await expect(plan).rejects.toMatchObject({
    code: "stopped",
    message: expect.stringContaining("and write plan-results/search/pr-12/gwops-set.json in"),
  });
  expect(clock.nowMs() - startedMs).toBeLessThan(5_000);
});

test.each([
  [true, "says nothing of it after 30 s. The workers"],
  [false, "s3:GetObject on the-bucket/plan-results/search/pr-12/gwops-set.json. The workers"],
])("the wait is bounded and told (rights to list: %s)", async (mayList, sentence) => {
  const { dependencies, state, clock } = authorSetup();
  Object.assign(state, { isDeaf: true, mayList });
  const waited: number[] = [];
  const startedMs = clock.nowMs();

  const plan = planRemotely(dependencies, planOf(), {
    timeoutMs: 30_000,
    onWait: (waitedMs) => waited.push(waitedMs),
  });

  await expect(plan).rejects.toThrow(sentence);
  expect(clock.nowMs() - startedMs).toBeLessThanOrEqual(30_000);
  expect(waited).toHaveLength(30);
});

test("who may not list a bucket gets the result all the same", async () => {
  const { dependencies, state } = authorSetup();
  state.mayList = false;

  await expect(planRemotely(dependencies, planOf(), WAIT)).resolves.toMatchObject({
    outcome: "planned",
  });
});

test("a result that a later release wrote is not guessed at", async () => {
  const { dependencies, bucket } = authorSetup();
  bucket.previews.set("plan-results/search/pr-12/gwops-set", {
    preview: { version: 2, source: {} } as never,
    markdown: "",
  });

  await expect(planRemotely(dependencies, planOf(), WAIT)).rejects.toThrow("upgrade this one");
});

test.each([
  ["is not UTF-8 text", { content: Buffer.from([0xff, 0xfe]) }],
  ["at most 5242880 can be planned at once", { content: "a".repeat(5_300_000) }],
])("a file that %s is put nowhere", async (sentence, change) => {
  const { dependencies, puts } = authorSetup();

  const plan = planRemotely(dependencies, planOf([{ ...fileOf({}), ...change } as never]), WAIT);

  await expect(plan).rejects.toThrow(sentence);
  expect(puts).toEqual([]);
});
