import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Manifest } from "#manifest/types.ts";
import { venvBin } from "../../../scripts/local/folders.ts";
import { cleanEnvironment } from "../../../scripts/local/processes.ts";

const SCRIPT = path.join(import.meta.dirname, "verify.py");
/** Only a script that hangs needs to be killed: it ends with its input. */
const END_GRACE_MS = 5_000;

export interface VerifierServer {
  readonly trackingUri: string;
  readonly admin?: { readonly username: string; readonly password: string } | undefined;
  readonly workspace?: string;
}

interface VerifyOptions {
  readonly owner: string;
  /** Nothing else of the owner may be left, of the kinds that the manifest speaks of. */
  readonly isPruned?: boolean;
  /** `kind/name` of what may be left all the same, such as what is protected. */
  readonly kept?: readonly string[];
  /** Values that the gateway must hold, by name of the secret: compared with what it masks. */
  readonly secretValues?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Verifier {
  /** The differences between the manifest and the gateway, in words; none when it is as declared. */
  verify(manifest: Manifest, options: VerifyOptions): Promise<string[]>;
  stop(): Promise<void>;
}

type Answer =
  | { readonly ready: true }
  | { readonly differences: string[] }
  | { readonly error: string };

/**
 * Starts the independent reader of a gateway: Python, with MLflow's own REST store (verify.py). It
 * ends with `stop`, and also when we end, however that is: its input closes then.
 */
export async function startVerifier(server: VerifierServer): Promise<Verifier> {
  const child = spawn(path.join(venvBin, "python"), ["-B", SCRIPT], {
    env: cleanEnvironment({ MLFLOW_DISABLE_TELEMETRY: "true", MLFLOW_TRACKING_URI: "" }),
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const answers = readAnswers(child);
  const stop = async (): Promise<void> => {
    child.stdin.end();
    const timer = setTimeout(() => child.kill("SIGKILL"), END_GRACE_MS);
    await ended;
    clearTimeout(timer);
  };
  await answers.next();
  return {
    stop,
    async verify(manifest, { owner, isPruned = false, kept = [], secretValues = {} }) {
      const request = {
        ...{ manifest, owner, pruned: isPruned, kept, secret_values: secretValues },
        tracking_uri: server.trackingUri,
        ...server.admin,
        workspace: server.workspace,
      };
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const answer = await answers.next();
      if (!("differences" in answer)) {
        throw new Error(`verify.py: ${"error" in answer ? answer.error : "answered nothing"}`);
      }
      return answer.differences;
    },
  };
}

/** One answer for each question, in order; an end before it is an error with the last words. */
function readAnswers(child: ChildProcessWithoutNullStreams) {
  let lastWords = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-4000);
  });
  // Writing to a process that has ended: the reader below says so.
  child.stdin.on("error", () => undefined);
  child.on("error", (error) => {
    lastWords += error.message;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async next(): Promise<Answer> {
      const line = await lines.next();
      if (line.done) throw new Error(`verify.py ended: ${lastWords}`);
      return JSON.parse(line.value) as Answer;
    },
  };
}
