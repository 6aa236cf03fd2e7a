import { parentPort, workerData } from "node:worker_threads";
import { carryOut, type Task } from "./task.ts";

void carryOut(workerData as Task).then((answer) => parentPort?.postMessage(answer));
