// TLS before a bucket, by OpenSSL, as R2 and others have it: arguments are the bucket's port, the files of certificate
// and key, the one version of TLS that is spoken, and after how many bytes from the bucket the line is cut (0: never).
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";

const [bucket, cert, key, version, cut] = process.argv.slice(2);
const secureContext = createSecureContext({
  cert: readFileSync(cert),
  key: readFileSync(key),
  minVersion: version,
  maxVersion: version,
});

const server = createServer((line) => {
  const client = new TLSSocket(line, { isServer: true, secureContext });
  client.once("secure", () => console.log(`shook hands by ${client.getProtocol()}`));
  const behind = connect(Number(bucket), "127.0.0.1");
  // Either side may leave as it likes.
  for (const side of [line, client, behind]) side.on("error", () => {});
  client.pipe(behind);
  let sent = 0;
  behind.on("data", (bytes) => {
    sent += bytes.length;
    // The line and not the connection: TLS has no chance to say that it is over.
    if (cut !== "0" && sent >= Number(cut)) line.destroy();
    else if (!client.write(bytes)) behind.pause();
  });
  client.on("drain", () => behind.resume());
  behind.on("end", () => client.end());
  client.on("close", () => behind.destroy());
});
server.listen(0, "127.0.0.1", () => console.log(`listening on https://127.0.0.1:${server.address().port}`));
