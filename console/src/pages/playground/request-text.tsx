import { useState } from "react";
import type { Value } from "../../api/answers.ts";
import { writeBody } from "../../../../src/surfaces/client/values.ts";
import { signedInKey } from "../../api/key.ts";
import { Section } from "../../parts/page.tsx";

const languages = ["curl", "TypeScript", "Python"] as const;
type Language = (typeof languages)[number];

/** What was asked: the features of a service, or what a model predicts. */
interface Asked {
  readonly call: "features" | "predict";
  readonly name: string;
  readonly row: Readonly<Record<string, Value>>;
}

/** The request that was sent, as a program would send it. A key is named, never shown. */
export function RequestText({ path, row, call, name }: Asked & { readonly path: string }) {
  const [language, setLanguage] = useState<Language>("curl");
  const [copied, setCopied] = useState(false);
  const hasKey = signedInKey() !== null;
  const text =
    language === "TypeScript"
      ? typeScript({ call, name, row }, hasKey)
      : texts[language](`${location.origin}${path}`, writeBody({ entities: [row] }), hasKey);
  return (
    <Section
      title="The same request elsewhere"
      aside={
        <button
          type="button"
          onClick={() =>
            void navigator.clipboard.writeText(text).then(
              () => setCopied(true),
              () => setCopied(false),
            )
          }
        >
          {copied ? "Copied" : "Copy"}
        </button>
      }
    >
      <div className="request-languages" role="group" aria-label="Language">
        {languages.map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={one === language}
            onClick={() => {
              setLanguage(one);
              setCopied(false);
            }}
          >
            {one}
          </button>
        ))}
      </div>
      <pre className="command" tabIndex={0} aria-label={`The request in ${language}`}>
        <code>{text}</code>
      </pre>
    </Section>
  );
}

const texts: Readonly<Record<Exclude<Language, "TypeScript">, (url: string, body: string, key: boolean) => string>> = {
  curl: (url, body, key) =>
    [
      `curl ${url}`,
      ...(key ? [`-H "authorization: Bearer $ASOF_KEY"`] : []),
      `-H 'content-type: application/json'`,
      `-d '${body.replaceAll("'", `'\\''`)}'`,
    ].join(" \\\n  "),
  Python: (url, body, key) => `import json${key ? ", os" : ""}, urllib.request

request = urllib.request.Request(
    ${JSON.stringify(url)},
    data=${pythonText(body)}.encode(),
    headers={"content-type": "application/json"${key ? ', "authorization": "Bearer " + os.environ["ASOF_KEY"]' : ""}},
)
with urllib.request.urlopen(request) as response:
    results = json.load(response)["results"]`,
};

/** JSON's escapes are Python's, but for what it has beyond the basic plane, which is left as it is. */
function pythonText(text: string): string {
  return JSON.stringify(text);
}

function typeScript({ call, name, row }: Asked, hasKey: boolean): string {
  return `import { createClient } from "asof/client";

const client = createClient({ url: ${JSON.stringify(location.origin)}${hasKey ? ", apiKey: process.env.ASOF_KEY!" : ""} });
const answer = await client.${call}(${JSON.stringify(name)}, ${literal(row)});`;
}

/** A value as TypeScript has it: integers beyond what a number holds are bigints. */
function literal(value: Value): string {
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const parts = Object.entries(value).map(
    ([name, one]: [string, Value]) =>
      `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)}: ${literal(one)}`,
  );
  return `{ ${parts.join(", ")} }`;
}
