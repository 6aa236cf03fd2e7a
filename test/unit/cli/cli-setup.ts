import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BackendRequest } from "#cli/backend.ts";
import type { BucketPlace, GwopsContext, Output } from "#cli/context.ts";
import { runGwops } from "#cli/run.ts";
import { LocalSecretSources } from "#local/secret-sources.ts";
import { GUARD_LIMITS_DEFAULT } from "#reconcile/plan/guard.ts";
import type { Clock } from "#runtime/clock.ts";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { Redacted } from "#runtime/redacted.ts";
import type { AuthorBucket } from "#sync/author/author-bucket.ts";
import { readPermissions, type Tenancy } from "#sync/tenancy.ts";
import { FakeBucket } from "../../support/fake-bucket.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeGateway } from "../../support/fake-gateway.ts";
import { FakeLabel } from "../../support/fake-label.ts";
import { FakeSecretSource } from "../../support/fake-secret-source.ts";
import { MemoryLedger } from "../../support/memory-ledger.ts";
import { A_PLACE } from "../../support/places.ts";

export const SECRET_VALUE = "sk-very-secret";

/** One resource of each kind; the secret's value comes from the environment. */
export const MANIFEST = `version: 1
secrets:
  - name: openai-prod
    provider: openai
    value_from: { env: OPENAI_KEY }
model_definitions:
  - { name: gpt-4o, secret: openai-prod, model_name: gpt-4o }
endpoints:
  - name: chat
    usage_tracking: false
    models: [{ model_definition: gpt-4o, linkage_type: PRIMARY }]
budgets: []
`;

export const BROKEN = `version: 1
endpoints:
  - { name: Wrong, modls: [] }
`;

const NO_BUCKET: AuthorBucket = {
  name: "no-bucket",
  read: async () => "absent",
  put: () => Promise.reject(new Error("there is no bucket")),
};

interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  /** What a person answers; without it nobody can be asked. */
  readonly answer?: string;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly isTTY?: boolean;
  readonly isColoured?: boolean;
  /** The working directory, in the folder of the setup. */
  readonly folder?: string;
  /** Ctrl-C was pressed before. */
  readonly isInterrupted?: boolean;
}

/** The command line around a gateway in memory; each run is one command. */
export function cliSetup(root: string) {
  const folder = mkdtempSync(join(root, "cli-"));
  const gateway = new FakeGateway();
  const parts = {
    gateway,
    ledger: new MemoryLedger(),
    bucket: new FakeBucket(),
    source: new FakeSecretSource(),
    label: new FakeLabel(),
  };
  const clock = new FakeClock();
  const opened: BackendRequest[] = [];
  const questions: string[] = [];
  const places: BucketPlace[] = [];
  let runs = 0;
  /** Of the backend of the next runs. */
  const settings = {
    isShared: false,
    /** Of every stack. */
    tenancy: "open" as Tenancy,
    ledger: parts.ledger,
    author: NO_BUCKET,
    /** Of the server; undefined where one may not ask. */
    workspaces: ["default", "space-a", "team-b", "team-space"] as string[] | undefined,
    workspaceLooks: 0,
    clock: clock as Clock,
    env: { OPENAI_KEY: SECRET_VALUE },
    /** What happens while a person is thinking. */
    whileAsked: async (): Promise<unknown> => undefined,
  };

  const run = async (argv: readonly string[], options: RunOptions = {}): Promise<Result> => {
    runs += 1;
    const [stdout, stderr] = [outputOf(options), outputOf(options)];
    const env = { MLFLOW_TRACKING_URI: "http://localhost:5000", ...settings.env, ...options.env };
    const { answer } = options;
    const context: GwopsContext = {
      process: { stdout, stderr },
      isColoured: options.isColoured ?? false,
      env,
      home: folder,
      folder: join(folder, options.folder ?? ""),
      clock: settings.clock,
      runId: `run-${runs}`,
      user: "ada@laptop",
      readStdin: async () => new TextEncoder().encode(options.stdin ?? ""),
      ask:
        answer === undefined
          ? undefined
          : async (question) => {
              questions.push(question);
              await settings.whileAsked();
              return answer;
            },
      onInterrupt: () =>
        options.isInterrupted ? AbortSignal.abort() : new AbortController().signal,
      openBucket: async (place) => {
        places.push(place);
        return settings.author;
      },
      permissionsOf: () => readPermissions({ manifests: parts.bucket, tenancy: settings.tenancy }),
      open: async (request) => {
        opened.push(request);
        return {
          isShared: settings.isShared,
          manifests: settings.isShared ? parts.bucket : undefined,
          rejectedLabel: async () => parts.label,
          workspaces: async () => {
            settings.workspaceLooks += 1;
            return settings.workspaces;
          },
          dependencies: {
            gatewayOf: () => gateway,
            trackingOf: () => gateway.tracking,
            invocationsOf: () => gateway.invocations,
            ledger: settings.ledger,
            snapshots: parts.bucket,
            source: new LocalSecretSources({
              owner: request.owner,
              env,
              folder,
              key: async () => new Redacted(Buffer.alloc(32, 1)),
              secretsManager: async () => parts.source,
            }),
            approvals: request.approvals,
            clock,
            runId: `run-${runs}`,
            deadline: NO_DEADLINE,
            place: A_PLACE,
            requestCounts: () => ({ all: gateway.requests.length }),
            server: request.trackingUri,
            secretCacheTtlMs: 60_000,
            planSettings: {
              prune: false,
              limits: GUARD_LIMITS_DEFAULT,
              allowLoopbackApiBase: true,
              sources: "any",
            },
          },
        };
      },
    };
    const status = await runGwops(argv, context, { version: "1.2.3" });
    return { status, stdout: stdout.text(), stderr: stderr.text() };
  };

  return {
    ...parts,
    clock,
    folder,
    opened,
    places,
    questions,
    settings,
    run,
    write: (name: string, text: string) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    },
    read: (name: string) => readFileSync(join(folder, name), "utf8"),
  };
}

function outputOf({ isTTY = false }: RunOptions): Output & { text(): string } {
  const written: string[] = [];
  return { write: (text) => void written.push(text), isTTY, text: () => written.join("") };
}
