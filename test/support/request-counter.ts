/** Counts the requests of clients that are given its `onRequest`; those of the version apart. */
export function requestCounter() {
  let requests: string[] = [];
  let probes = 0;
  return {
    onRequest: (operation: string) => {
      if (operation === "getVersion") probes += 1;
      else requests.push(operation);
    },
    /** Names of the requests since the last time, in order of the alphabet. */
    take(): string[] {
      const taken = requests.sort();
      requests = [];
      return taken;
    },
    /** Questions about the server's version so far: at most one for each client. */
    probes: () => probes,
  };
}
