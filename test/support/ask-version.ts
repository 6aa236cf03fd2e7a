// Asks a server for its version four times, in a process of its own: Node reads
// NODE_EXTRA_CA_CERTS when it starts.
import { GatewayClient } from "#gateway/client.ts";

const { server } = new GatewayClient({
  trackingUri: process.argv[2] ?? "",
  retry: { attemptsMax: 1 },
});
const answers: string[] = [];
for (let call = 1; call <= 4; call += 1) {
  answers.push(await server.version().catch((error: unknown) => String(error)));
}
process.stdout.write(answers.join("\n"));
