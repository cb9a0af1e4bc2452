/** A request as a page shows it with curl. */
export interface CurlRequest {
  readonly method: "get" | "post";
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** Reads what the pages use of curl. @throws Error for a flag that it does not know. */
export function curlRequest(text: string): CurlRequest {
  const { 1: command, 2: document } = /^(.*?)(?:<<'EOF'\n(.*?\n)EOF\n)?$/s.exec(text)!;
  const words = [...command.matchAll(/'([^']*)'|([^\s'\\]+)/g)].map(([, quoted, bare]) => quoted ?? bare).slice(1);
  const headers: Record<string, string> = {};
  let [method, url, inQuery] = ["get" as CurlRequest["method"], "", false];
  const data: { readonly text: string; readonly encode: boolean }[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === "-X") method = words[++i].toLowerCase() as CurlRequest["method"];
    else if (word === "-H") {
      const [name, value] = words[++i].split(": ");
      headers[name] = value;
    } else if (word === "-d") data.push({ text: words[++i], encode: false });
    else if (word === "--data-urlencode") data.push({ text: words[++i], encode: true });
    else if (word === "--data-binary" && words[i + 1] === "@-") i++;
    else if (word === "--get") inQuery = true;
    else if (word.startsWith("-") && word !== "-N") throw new Error(`curl ${word}: not known here`);
    else if (!word.startsWith("-")) url = word;
  }
  const query = inQuery ? `?${data.map((one) => (one.encode ? encoded(one.text) : one.text)).join("&")}` : "";
  const path = url.replace(/^[^/]*(?:\/\/[^/]*)?/, "") + query;
  const body = inQuery ? null : (document ?? data[0]?.text ?? null);
  return { method: body === null ? method : "post", path, headers, body };
}

function encoded(pair: string): string {
  const at = pair.indexOf("=");
  return `${pair.slice(0, at)}=${encodeURIComponent(pair.slice(at + 1))}`;
}
