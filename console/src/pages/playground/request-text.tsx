import { useState } from "react";
import type { Value } from "../../api/answers.ts";
import { writeBody } from "../../../../src/surfaces/client/values.ts";
import { signedInKey } from "../../api/key.ts";
import { Section } from "../../parts/page.tsx";

const languages = ["curl", "TypeScript", "Python"] as const;
type Language = (typeof languages)[number];

/** The request that was sent, as a program would send it. A key is named, never shown. */
export function RequestText({ path, row }: { readonly path: string; readonly row: Readonly<Record<string, Value>> }) {
  const [language, setLanguage] = useState<Language>("curl");
  const [copied, setCopied] = useState(false);
  const text = texts[language](`${location.origin}${path}`, writeBody({ entities: [row] }), signedInKey() !== null);
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

const texts: Readonly<Record<Language, (url: string, body: string, key: boolean) => string>> = {
  curl: (url, body, key) =>
    [
      `curl ${url}`,
      ...(key ? [`-H "authorization: Bearer $ASOF_KEY"`] : []),
      `-H 'content-type: application/json'`,
      `-d '${body.replaceAll("'", `'\\''`)}'`,
    ].join(" \\\n  "),
  TypeScript: (url, body, key) => `const response = await fetch(${JSON.stringify(url)}, {
  method: "POST",
  headers: { "content-type": "application/json"${key ? ", authorization: `Bearer ${process.env.ASOF_KEY}`" : ""} },
  body: JSON.stringify(${body}),
});
if (!response.ok) throw new Error(await response.text());
const { results } = await response.json();`,
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
