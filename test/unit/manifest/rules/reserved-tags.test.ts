import { expect, test } from "@jest/globals";
import { aManifest, anEndpoint } from "../../../support/builders.ts";
import { issuesOf } from "../../../support/issues.ts";

test("a manifest cannot set the marks of Gateway Ops", async () => {
  const manifest = aManifest({
    endpoints: [anEndpoint({ tags: { team: "search", "gwops/owner": "other" } })],
  });

  expect(await issuesOf(JSON.stringify(manifest))).toEqual([
    expect.stringContaining("tags.gwops/owner is reserved"),
  ]);
});
