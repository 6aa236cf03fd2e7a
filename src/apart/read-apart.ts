import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { withoutPlaces } from "#manifest/locate.ts";
import { manifestOf, parseManifest, type Shape } from "#manifest/parse.ts";
import { parsePolicy, policyOf } from "#manifest/policy.ts";
import type { Policy } from "#manifest/policy-schema.ts";
import type {
  Locate,
  Manifest,
  ManifestIssue,
  ParseManifest,
  ParsePolicy,
} from "#manifest/types.ts";
import type { Answer, Task } from "./task.ts";

/** What is smaller is read within milliseconds, whatever it holds. */
const SMALL_BYTES = 100 * 1024;

interface Limits {
  readonly timeMs: number;
  readonly memoryMiB: number;
}

const LIMITS: Limits = { timeMs: 10_000, memoryMiB: 256 };
/** Of these, what Node itself takes, and what goes to and fro. */
const OWN_MIB = 88;
/** How V8 ends a process whose heap is full. */
const OUT_OF_MEMORY = "SIGABRT";

/** The text of the worker, in a build: one file is easier to carry than two. */
declare const GATEWAY_OPS_APART: string | undefined;

/**
 * Reads a manifest, a large one in a process of its own, and finds places in it in another one. A
 * file that needs more than the limits is wrong: nothing else that we do suffers from it, and it is
 * not tried again. A thread would not do: V8 ends the whole process when one allocation in a thread
 * is larger than what is left of its heap.
 */
export function parseApart(limits: Limits = LIMITS): ParseManifest {
  return async (content) => {
    const bytes = bytesOf(content);
    if (bytes.length <= SMALL_BYTES) return parseManifest(content);
    const shape = await answerOf<Shape<Manifest>>({ is: "manifest", content: bytes }, limits);
    if (typeof shape === "string") return tooMuch(shape);
    return manifestOf(shape, locatorApart(bytes, limits));
  };
}

/** The same of a policy. */
export function parsePolicyApart(limits: Limits = LIMITS): ParsePolicy {
  return async (content) => {
    const bytes = bytesOf(content);
    if (bytes.length <= SMALL_BYTES) return parsePolicy(content);
    const shape = await answerOf<Shape<Policy>>({ is: "policy", content: bytes }, limits);
    if (typeof shape === "string") return tooMuch(shape);
    return policyOf(shape, locatorApart(bytes, limits));
  };
}

/** What is wrong is told even where it takes too much to say where. */
function locatorApart(content: Uint8Array, limits: Limits): Locate {
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

/** The answer of a process that is gone by then; or which limit it broke. */
function answerOf<A extends Answer>(
  task: Task,
  { timeMs, memoryMiB }: Limits,
): Promise<A | string> {
  const worker = startWorker(memoryMiB - OWN_MIB);
  return new Promise((resolve, reject) => {
    let answer: A | string | undefined;
    const timer = setTimeout(() => {
      answer ??= `${timeMs / 1000} seconds`;
      worker.kill("SIGKILL");
    }, timeMs);
    worker.once("message", (message) => {
      answer ??= message as A;
    });
    worker.once("error", reject);
    worker.once("close", (code, signal) => {
      clearTimeout(timer);
      if (answer === undefined && isOutOfMemory(code, signal))
        answer = `${memoryMiB} MiB of memory`;
      if (answer !== undefined) resolve(answer);
      else reject(new Error(`the process that reads large files ended with ${signal ?? code}`));
    });
    worker.send(task, (error) => {
      // Why it ended is told by its end.
      if (error) worker.kill("SIGKILL");
    });
  });
}

/** The system kills what takes the memory of all. */
function isOutOfMemory(code: number | null, signal: NodeJS.Signals | null): boolean {
  return signal === OUT_OF_MEMORY || signal === "SIGKILL" || code === OUT_OF_MEMORY_CODE;
}

/** What a shell, and Windows, makes of the same. */
const OUT_OF_MEMORY_CODE = 134;

/** It inherits no environment: what reads foreign texts needs no keys. */
function startWorker(heapMiB: number): ChildProcess {
  // A larger place for what is short-lived would be quicker, and is seldom given back.
  const heapOptions = [`--max-old-space-size=${heapMiB}`, "--max-semi-space-size=4"];
  const worker = spawn(process.execPath, [...heapOptions, "-"], {
    env: {},
    // Ctrl-C ends us in order, and it with us.
    detached: true,
    windowsHide: true,
    stdio: ["pipe", "ignore", "ignore", "ipc"],
    serialization: "advanced",
  });
  worker.stdin?.on("error", () => undefined);
  worker.stdin?.end(typeof GATEWAY_OPS_APART === "string" ? GATEWAY_OPS_APART : scriptOfSource());
  return worker;
}

/** From the sources: Node 20 reads no TypeScript by itself. */
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
