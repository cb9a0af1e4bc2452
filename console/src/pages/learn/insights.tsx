import type { Status } from "../../api/answers.ts";
import { bytes, count } from "../../parts/figures.ts";
import { Link } from "../../navigation/link.tsx";
import { Section } from "../../parts/page.tsx";
import { keysOnline, recordsOf } from "../../parts/totals.ts";

/** What to remember, with this store's own figures. */
export function Insights({ status }: { readonly status: Status }) {
  return (
    <Section title="What to remember">
      <ul className="learn-insights">
        <li>
          <h3>Why two stores</h3>
          <p>
            Training asks what was true at each of millions of past moments. Serving asks what is true now, and the
            answer has to be there in a millisecond. No one layout of data is good at both.
          </p>
        </li>
        <li>
          <h3>Why serving cannot read raw data</h3>
          <p>
            A window would have to be counted anew at each request, here over {count(recordsOf(status))} records. The
            online store has it counted already: {count(keysOnline(status))} keys in {bytes(status.online.bytes)}.
          </p>
        </li>
        <li>
          <h3>Why both agree</h3>
          <p>
            Both follow one definition, and one rule of what was known when. So a model is served what it was trained
            on, to the last bit. <Link href="/compare">See that it is so</Link>
          </p>
        </li>
      </ul>
    </Section>
  );
}
