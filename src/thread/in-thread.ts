import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker, type WorkerOptions } from "node:worker_threads";
import { withoutPlaces } from "#manifest/locate.ts";
import { parseManifest } from "#manifest/parse.ts";
import { parsePolicy } from "#manifest/policy.ts";
import type {
  Locate,
  ManifestIssue,
  ParsedPolicy,
  ParseManifest,
  ParsePolicy,
  PlacelessResult,
} from "#manifest/types.ts";
import type { Answer, Task } from "./task.ts";

/** What is smaller is read within milliseconds, whatever it holds. */
const SMALL_BYTES = 100 * 1024;

interface ThreadLimits {
  readonly timeMs: number;
  readonly heapMiB: number;
}

const LIMITS: ThreadLimits = { timeMs: 10_000, heapMiB: 256 };
/** Of these, what the thread itself takes, and what is short-lived. */
const OWN_MIB = 56;
const YOUNG_MIB = 8;

/** The text of the thread, in a build: one file is easier to carry than two. */
declare const GATEWAY_OPS_THREAD: string | undefined;

/**
 * Reads a manifest, a large one in a thread with a heap of its own, and finds places in it in
 * another one. A file that needs more than the limits is wrong: nothing else that the process does
 * suffers from it, and it is not tried again.
 */
export function parseInThread(limits: ThreadLimits = LIMITS): ParseManifest {
  return async (content) => {
    const bytes = bytesOf(content);
    if (bytes.length <= SMALL_BYTES) return parseManifest(content);
    const parsed = await answerOf<PlacelessResult>({ is: "manifest", content: bytes }, limits);
    if (typeof parsed === "string") return tooMuch(parsed);
    return parsed.isValid ? { ...parsed, locate: locatorInThread(bytes, limits) } : parsed;
  };
}

/** The same of a policy. */
export function parsePolicyInThread(limits: ThreadLimits = LIMITS): ParsePolicy {
  return async (content) => {
    const bytes = bytesOf(content);
    if (bytes.length <= SMALL_BYTES) return parsePolicy(content);
    const parsed = await answerOf<ParsedPolicy>({ is: "policy", content: bytes }, limits);
    return typeof parsed === "string" ? tooMuch(parsed) : parsed;
  };
}

/** What is wrong is told even where it takes too much to say where. */
function locatorInThread(content: Uint8Array, limits: ThreadLimits): Locate {
  return async (findings, hidden = 0) => {
    if (findings.length === 0) return [];
    const task: Task = { is: "places", content, findings, hidden };
    const located = await answerOf<readonly ManifestIssue[]>(task, limits);
    return typeof located === "string" ? withoutPlaces(findings, hidden) : [...located];
  };
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

/** The answer of a thread that is gone by then; or which limit it broke. */
function answerOf<A extends Answer>(
  task: Task,
  { timeMs, heapMiB }: ThreadLimits,
): Promise<A | string> {
  const worker = startWorker({
    workerData: task,
    resourceLimits: {
      maxOldGenerationSizeMb: heapMiB - OWN_MIB - YOUNG_MIB,
      maxYoungGenerationSizeMb: YOUNG_MIB,
    },
  });
  return new Promise((resolve, reject) => {
    const end = (answer: A | string): void => {
      clearTimeout(timer);
      // What it held is free before another one begins.
      void worker.terminate().then(() => resolve(answer));
    };
    const timer = setTimeout(() => end(`${timeMs / 1000} seconds`), timeMs);
    worker.once("message", end);
    worker.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ERR_WORKER_OUT_OF_MEMORY") return end(`${heapMiB} MiB of memory`);
      clearTimeout(timer);
      reject(error);
    });
  });
}

function startWorker(options: WorkerOptions): Worker {
  const script = typeof GATEWAY_OPS_THREAD === "string" ? GATEWAY_OPS_THREAD : scriptOfSource();
  // What the process was started with, such as a loader, is not for the thread.
  return new Worker(script, { ...options, eval: true, execArgv: [] });
}

/** From the sources: Node 20 reads no TypeScript, and tsx is not at work in a thread by itself. */
function scriptOfSource(): string {
  const tsx = createRequire(import.meta.url)
    .resolve("tsx/esm/api")
    .replace(/cjs$/, "mjs");
  const [api, worker] = [pathToFileURL(tsx).href, new URL("worker.ts", import.meta.url).href];
  return `import("${api}").then(({ tsImport }) => tsImport("${worker}", "${worker}"));`;
}

function tooMuch(limit: string): { readonly isValid: false; readonly issues: ManifestIssue[] } {
  const message = `cannot be read within ${limit}; split it into several files, or correct what it repeats`;
  return { isValid: false, issues: [{ rule: "limits", path: [], line: 1, column: 1, message }] };
}
