import { expect, test } from "@jest/globals";
import { aManifest, anEndpoint } from "../../support/builders.ts";
import { MANIFEST_KEY, syncRuns } from "../../support/sync-setup.ts";

const MEBIBYTE = 1024 * 1024;
const FOLDER = "manifests/search/";
const LONG = `version: 1\n#${" ".repeat(4.9 * MEBIBYTE)}`;

/** An owner whose one manifest is applied; then more files come. */
async function setup() {
  const runs = syncRuns();
  await runs.putAndSync(aManifest());
  const fill = (count: number, text: string, folder = FOLDER) => {
    for (let index = 0; index < count; index += 1) runs.bucket.put(`${folder}z${index}.yaml`, text);
  };
  return { ...runs, fill };
}

test.each([
  ["more than 1,000 files", 1005, "version: 1\n", 6],
  ["more than 10 MiB", 3, LONG, 1],
  ["600 MiB", 120, LONG, 118],
])(
  "of %s what is too much is not even read, is told once, and stops no other file",
  async (...row) => {
    const [, count, text, refused] = row;
    const { bucket, fill, sync, lookAgain, told } = await setup();
    fill(count, text);
    bucket.put(MANIFEST_KEY, aManifest({ endpoints: [anEndpoint({ tags: { team: "ads" } })] }));
    const before = bucket.read.length;

    const report = await sync();

    // The policy is looked for, too.
    expect(bucket.read.length - before).toBe(count + 1 - refused + 1);
    const outcomes = report?.manifests.map(({ outcome }) => outcome) ?? [];
    expect(outcomes.filter((outcome) => outcome === "rejected")).toHaveLength(refused);
    expect(report?.manifests.find(({ key }) => key === MANIFEST_KEY)?.outcome).toBe("applied");
    const once = await told();
    expect(await lookAgain()).toBeUndefined();
    expect(await told()).toEqual(once);
  },
);

test("another owner's folder, and files in no folder, do not count", async () => {
  const { bucket, fill, sync } = await setup();
  fill(1001, "version: 1\n", "manifests/searchers/");
  fill(1001, "version: 1\n", "manifests/");
  bucket.put(MANIFEST_KEY, aManifest({ endpoints: [anEndpoint({ tags: { team: "ads" } })] }));

  const own = await sync();

  expect(own?.manifests).toMatchObject([{ key: MANIFEST_KEY, outcome: "applied" }]);
});
