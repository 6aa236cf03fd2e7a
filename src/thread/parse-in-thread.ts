import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker, type WorkerOptions } from "node:worker_threads";
import { parseManifest, withPlaces } from "#manifest/parse.ts";
import type { ParseManifest, PlacelessResult } from "#manifest/types.ts";

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
declare const GATEWAY_OPS_PARSE_WORKER: string | undefined;

/**
 * Reads a manifest, a large one in a thread with a heap of its own. A file that needs more than the
 * limits is wrong: nothing else that the process does suffers from it, and it is not tried again.
 */
export function parseInThread(limits: ThreadLimits = LIMITS): ParseManifest {
  return async (content) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    if (bytes.length <= SMALL_BYTES) return parseManifest(content);
    return withPlaces(await answerOf(bytes, limits), content);
  };
}

function answerOf(bytes: Uint8Array, { timeMs, heapMiB }: ThreadLimits): Promise<PlacelessResult> {
  const worker = startWorker({
    workerData: bytes,
    resourceLimits: {
      maxOldGenerationSizeMb: heapMiB - OWN_MIB - YOUNG_MIB,
      maxYoungGenerationSizeMb: YOUNG_MIB,
    },
  });
  return new Promise((resolve, reject) => {
    const end = (answer: PlacelessResult): void => {
      clearTimeout(timer);
      resolve(answer);
      void worker.terminate();
    };
    const timer = setTimeout(() => end(tooMuch(`${timeMs / 1000} seconds`)), timeMs);
    worker.once("message", end);
    worker.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ERR_WORKER_OUT_OF_MEMORY")
        return end(tooMuch(`${heapMiB} MiB of memory`));
      clearTimeout(timer);
      reject(error);
    });
  });
}

function startWorker(options: WorkerOptions): Worker {
  const script =
    typeof GATEWAY_OPS_PARSE_WORKER === "string" ? GATEWAY_OPS_PARSE_WORKER : scriptOfSource();
  // What the process was started with, such as a loader, is not for the thread.
  return new Worker(script, { ...options, eval: true, execArgv: [] });
}

/** From the sources: Node 20 reads no TypeScript, and tsx is not at work in a thread by itself. */
function scriptOfSource(): string {
  const tsx = createRequire(import.meta.url)
    .resolve("tsx/esm/api")
    .replace(/cjs$/, "mjs");
  const [api, worker] = [pathToFileURL(tsx).href, new URL("parse-worker.ts", import.meta.url).href];
  return `import("${api}").then(({ tsImport }) => tsImport("${worker}", "${worker}"));`;
}

function tooMuch(limit: string): PlacelessResult {
  const message = `cannot be read within ${limit}; split it into several files, or correct what it repeats`;
  return { isValid: false, issues: [{ rule: "limits", path: [], line: 1, column: 1, message }] };
}
