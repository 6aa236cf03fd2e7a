import { parentPort, workerData } from "node:worker_threads";
import { parseManifest } from "#manifest/parse.ts";

// Functions cannot be handed over: whoever asked looks for places in a text of its own.
void parseManifest(workerData as Uint8Array).then((parsed) =>
  parentPort?.postMessage(parsed.isValid ? { isValid: true, manifest: parsed.manifest } : parsed),
);
