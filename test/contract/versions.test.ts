import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { compareVersions, parseVersion } from "#gateway/version.ts";
import { MLFLOW_VERSIONS, NEWEST, OLDEST, PINNED } from "../../scripts/mlflow-versions.ts";

function textOf(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

test("the versions go from old to new", () => {
  const versions = MLFLOW_VERSIONS.map((text) => {
    const version = parseVersion(text);
    if (!version) throw new Error(`${text} is no version`);
    return version;
  });
  expect(versions.toSorted(compareVersions)).toEqual(versions);
});

test("the pinned version is what is installed", () => {
  expect(textOf("scripts/requirements.txt")).toContain(`\nmlflow[auth]==${PINNED}\n`);
  expect(textOf("scripts/constraints.txt")).toContain(`\nmlflow==${PINNED}\n`);
  expect(textOf(`scripts/requirements-mlflow-${OLDEST}.txt`)).toContain(`mlflow[auth]==${OLDEST}`);
});

test.each([
  ["docs/client.md", `MLflow ${OLDEST} is the oldest server, ${NEWEST} the newest that is tested`],
  ["docs/verified.md", MLFLOW_VERSIONS.join(", ").replace(/, (?=[^,]*$)/, " and ")],
  ["docs/verified.md", `the story on ${NEWEST}`],
  ["README.md", `tested with MLflow ${PINNED}; the main job with\n${NEWEST} too`],
])("%s names the versions: %s", (path, text) => {
  expect(textOf(path)).toContain(text);
});
