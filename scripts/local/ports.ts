import { createServer } from "node:net";

const HIGHEST_PORT = 65_535;

/** A port of 127.0.0.1 that nobody listens on; the system rarely hands the same one out twice. */
export function freePort(): Promise<number> {
  return listenOnce(0);
}

/** The demanded port, or one sentence that names the flag to change when it cannot be had. */
export async function requirePort(port: number, flagName: string): Promise<number> {
  if (!Number.isInteger(port) || port < 1 || port > HIGHEST_PORT) {
    throw new Error(`${flagName} must be a port between 1 and ${HIGHEST_PORT}, got ${port}.`);
  }
  try {
    return await listenOnce(port);
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === "EADDRINUSE" ? "is taken" : "cannot be used";
    throw new Error(`Port ${port} on 127.0.0.1 ${reason}: choose another with ${flagName}.`, {
      cause: error,
    });
  }
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        resolve(typeof address === "object" && address !== null ? address.port : port),
      );
    });
  });
}
