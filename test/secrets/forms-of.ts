/** How a secret may be written somewhere: as it is, and as addresses, JSON, SQL and headers have it. */
export function formsOf(secret: string): ReadonlySet<string> {
  const bytes = Buffer.from(secret, "utf8");
  return new Set([
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll("'", "''"),
    bytes.toString("hex"),
    ...[0, 1, 2].map((at) => base64Within(bytes, at)),
    ...[0, 1, 2].map((at) => base64Within(bytes, at).replaceAll("+", "-").replaceAll("/", "_")),
  ]);
}

/** The characters of base64 that a text has whatever stands before and behind it, where so many bytes stand before it. */
function base64Within(bytes: Buffer, before: number): string {
  const encoded = Buffer.concat([Buffer.alloc(before), bytes])
    .toString("base64")
    .replace(/=*$/, "");
  const first = Math.ceil((before * 8) / 6);
  const last = Math.floor(((before + bytes.length) * 8) / 6);
  return encoded.slice(first, last);
}

/** Where secrets are found, as "what is in where". */
export function leaks(
  told: Iterable<readonly [where: string, what: string | Buffer]>,
  secrets: Readonly<Record<string, string>>,
): string[] {
  const sought = Object.entries(secrets).map(([name, secret]) => [name, [...formsOf(secret)]] as const);
  return [...told].flatMap(([where, what]) =>
    sought.filter(([, forms]) => forms.some((form) => what.includes(form))).map(([name]) => `${name} is in ${where}`),
  );
}
