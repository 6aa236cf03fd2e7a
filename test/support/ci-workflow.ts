import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildCli } from "../../scripts/cli/build.ts";
import { output, type World } from "../../scripts/story/world.ts";
import { CI_OWNER, ciCommands } from "./ci-docs.ts";

interface Done {
  readonly name: string;
  readonly status: number | null;
  readonly stderr: string;
}

/** A repository as docs/ci.md describes it, whose workflow runs on this machine. */
export interface Repository {
  /** Writes the manifest of the owner. */
  write(text: string): void;
  /** Runs the commands of a job as GitHub does: one after the other, until one fails. */
  play(job: string): Promise<readonly Done[]>;
  /** What the workflow left in a file of the repository. */
  read(name: string): string;
  remove(): void;
}

/** There is no GitHub here: what would be commented is kept. */
const GH = `#!/bin/sh
printf '%s\\n' "$@" > gh-arguments.txt
`;

export async function makeRepository(world: World): Promise<Repository> {
  const root = mkdtempSync(path.join(tmpdir(), "gwops-ci-"));
  const at = (name: string) => path.join(root, name);
  mkdirSync(at(`manifests/${CI_OWNER}`), { recursive: true });
  mkdirSync(at("bin"));
  mkdirSync(at("tools"));
  writeFileSync(at("tools/gh"), GH);
  chmodSync(at("tools/gh"), 0o755);
  await buildCli(at("bin/gwops.mjs"));
  const env = {
    // Neither a server nor a login of MLflow is among these.
    ...world.aws.environment,
    PATH: `${at("tools")}:${path.dirname(process.execPath)}:${process.env.PATH ?? ""}`,
    HOME: root,
    BUCKET: output(world.outputs, "ManifestBucketName"),
    PULL_REQUEST: "12",
    GITHUB_STEP_SUMMARY: at("summary.md"),
  };
  return {
    write: (text) => writeFileSync(at(`manifests/${CI_OWNER}/gateway.yaml`), text),
    read: (name) => readFileSync(at(name), "utf8"),
    remove: () => rmSync(root, { recursive: true, force: true }),
    play: async (job) => {
      const done: Done[] = [];
      for (const { name, run } of ciCommands(job)) {
        done.push({ name, ...(await bash(run, root, env)) });
        if (done.at(-1)?.status !== 0) break;
      }
      return done;
    },
  };
}

/** Status by the name of the command; what a failure says is shown beside it. */
export function statusesOf(done: readonly Done[]): Record<string, number | string | null> {
  return Object.fromEntries(
    done.map(({ name, status, stderr }) => [
      name,
      status === 0 || status === 4 ? status : `${status}: ${stderr}`,
    ]),
  );
}

async function bash(
  script: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Omit<Done, "name">> {
  const child = spawn("bash", ["-e", "-c", script], {
    cwd,
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { status, stderr };
}
