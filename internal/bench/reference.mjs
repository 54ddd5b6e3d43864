// The algorithm that AWS published for a Lambda function in 2016: unpack a
// file, parse it, keep the records whose source matches one expression, report
// those whose name matches another, each expression made anew for each record as
// published. Here for all files of a list, and without the original's copy of
// each unpacked file on the disk.
import { readFileSync, writeSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const source = "iam|signin|sts";
const name = "Password|AccessKey|PutRolePolicy|User|Token|Login";

let out = [];
function flush() {
  if (out.length) writeSync(1, out.join("\n") + "\n");
  out = [];
}
for (const file of readFileSync(process.argv[2], "utf8").split("\n")) {
  if (!file) continue;
  const log = JSON.parse(gunzipSync(readFileSync(file)).toString());
  const records = log.Records.filter((r) => r.eventSource.match(new RegExp(source)));
  for (const r of records) {
    if (r.eventName.match(new RegExp(name))) out.push(JSON.stringify(r));
  }
  if (out.length > 1000) flush();
}
flush();
