import { usePlace } from "../../navigation/location.ts";
import { useCatalog } from "../../parts/catalog.ts";
import { Empty, Loading, Refused } from "../../parts/notice.tsx";
import { Link } from "../../navigation/link.tsx";
import { Page } from "../../parts/page.tsx";
import { featuresOf } from "./all-features.ts";
import { FeatureList } from "./feature-list.tsx";
import { FeaturePage } from "./feature-page.tsx";

export default function FeaturesPage() {
  const { query } = usePlace();
  const catalog = useCatalog();
  const [view, name] = [query.get("view"), query.get("feature")];
  if (catalog.data === null)
    return (
      <Page title="Features" lead="Everything that the definitions compute.">
        {catalog.refusal === null ? (
          <Loading what="the definitions" />
        ) : (
          <Refused refusal={catalog.refusal} again={catalog.again} />
        )}
      </Page>
    );
  const { definitions } = catalog.data;
  const all = featuresOf(definitions);
  if (name === null) return <FeatureList features={all} view={view} />;
  const feature = all.find((one) => one.view.name === view && one.name === name);
  if (feature !== undefined) return <FeaturePage key={`${view}.${name}`} feature={feature} catalog={definitions} />;
  return (
    <Page title="Features" lead="Everything that the definitions compute.">
      <Empty title={`There is no feature ${view}.${name}.`}>
        <p>
          <Link href="/features">See all that there are</Link>
        </p>
      </Empty>
    </Page>
  );
}
