// Writes docs/errors.md from the one table of errors: `node scripts/write-error-docs.ts`. A test sees that the page is
// up to date.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { errorTable } from "../src/core/errors.ts";

export const errorDocsFile = fileURLToPath(new URL("../docs/errors.md", import.meta.url));

const introduction = `# Errors

Every error that you can cause has a code. Codes are stable: build on them. Messages say what was wrong and where, and
may be reworded.

In TypeScript an error is an \`AsofError\` with \`code\`, \`message\`, \`remedy\`, \`status\` and \`details\`; the details name
the place (file, row, line, column, field, definition) and what was found there. On the command line it is printed and
the exit code is 1; with \`--json\` it is one JSON object. Over HTTP it is

\`\`\`json
{"error": {"code": "ASOF_TYPE", "message": "…", "remedy": "…", "details": {"field": "amount"}, "requestId": "…"}}
\`\`\`

with the status below. 503 means "not now" and carries \`Retry-After\`; the same request may then succeed. Of what failed
inside the server (500) the answer tells the code alone, and the server's log the rest, under the same \`requestId\`.

`;

/** The page as it should be. */
export function errorDocs(): string {
  const rows = Object.entries(errorTable).map(
    ([code, { status, message, remedy }]) => `| \`${code}\` | ${status} | ${cell(message)} | ${cell(remedy)} |`,
  );
  return `${introduction}| code | status | what it means | what to do |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

if (import.meta.main) writeFileSync(errorDocsFile, errorDocs());
