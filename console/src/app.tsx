import { lazy, type ReactNode, Suspense } from "react";
import { WithAccess } from "./api/access.tsx";
import { Layout } from "./layout.tsx";
import { usePlace } from "./navigation/location.ts";
import { Link } from "./navigation/link.tsx";
import { Faults } from "./parts/faults.tsx";
import { Empty, Loading } from "./parts/notice.tsx";

const pages: Readonly<Record<string, ReturnType<typeof lazy>>> = {
  "/": lazy(() => import("./pages/flow/flow-page.tsx")),
  "/features": lazy(() => import("./pages/features/features-page.tsx")),
  "/compare": lazy(() => import("./pages/compare/compare-page.tsx")),
  "/models": lazy(() => import("./pages/models/models-page.tsx")),
  "/playground": lazy(() => import("./pages/playground/playground-page.tsx")),
  "/runs": lazy(() => import("./pages/runs/runs-page.tsx")),
  "/learn": lazy(() => import("./pages/learn/learn-page.tsx")),
  "/sign-in": lazy(() => import("./pages/sign-in/sign-in-page.tsx")),
};

export function App() {
  const { path } = usePlace();
  const Shown = pages[path];
  return (
    <WithAccess>
      <Layout>
        <Faults key={path}>{Shown === undefined ? <Nowhere /> : <Wait>{<Shown />}</Wait>}</Faults>
      </Layout>
    </WithAccess>
  );
}

function Wait({ children }: { readonly children: ReactNode }) {
  return <Suspense fallback={<Loading what="the page" />}>{children}</Suspense>;
}

function Nowhere() {
  return (
    <Empty title="There is no such page.">
      <p>
        <Link href="/">Go to the flow</Link>
      </p>
    </Empty>
  );
}
