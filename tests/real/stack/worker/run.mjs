// Serves worker.mjs over TLS by miniflare: node run.mjs ADDRESS PORT CERTIFICATE KEY. It says "ready" when it is.
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";

const [host, port, httpsCertPath, httpsKeyPath] = process.argv.slice(2);
const miniflare = new Miniflare({
  modules: true,
  scriptPath: fileURLToPath(new URL("worker.mjs", import.meta.url)),
  compatibilityDate: "2026-07-01",
  host,
  port: Number(port),
  https: true,
  httpsCertPath,
  httpsKeyPath,
  cf: false, // nothing is asked of the internet
  telemetry: { enabled: false },
});
process.on("SIGTERM", () => miniflare.dispose().then(() => process.exit(0)));
await miniflare.ready;
console.log("ready");
