import { rmSync } from "node:fs";
import path from "node:path";
import { type MlflowServer, startMlflow } from "../scripts/local/mlflow-server.ts";
import { clearDatabase } from "./python.ts";

/** A real server without user accounts, whose passwords would cost more than most requests. */
export interface BenchServer {
  readonly trackingUri: string;
  readonly workers: number;
  /** Takes everything away that a gateway holds, behind the back of the running server. */
  clear(): Promise<void>;
}

/** Servers are started when they are first asked for, and one runs at a time: there are two cores. */
export interface BenchServers {
  /** For files of a measurement; removed at the end. */
  readonly folder: string;
  withServer<T>(workers: number, use: (server: BenchServer) => Promise<T>): Promise<T>;
}

export function benchServers(folder: string): BenchServers {
  return {
    folder,
    async withServer(workers, use) {
      const serverFolder = path.join(folder, `workers-${workers}`);
      const server = await startMlflow({ workers, auth: false, folder: serverFolder });
      try {
        return await use(benchServer(server, workers));
      } finally {
        await server.stop();
        rmSync(serverFolder, { recursive: true, force: true });
      }
    },
  };
}

function benchServer({ trackingUri, folder }: MlflowServer, workers: number): BenchServer {
  const database = path.join(folder, "mlflow.db");
  return { trackingUri, workers, clear: () => clearDatabase(database) };
}
