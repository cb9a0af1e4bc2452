import { defineConfig } from "vitepress";

export default defineConfig({
  title: "asof",
  description: "The feature store for TypeScript",
  cleanUrls: true,
  // Pages lead to files of the project, too, which are not part of the site.
  ignoreDeadLinks: [/^\.\.?\/\.\.\//, /^https?:\/\/localhost/, /ARCHITECTURE|SECURITY|examples\//],
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Tutorial", link: "/tutorial" },
      { text: "Concepts", link: "/concepts" },
      { text: "API", link: "/api/" },
    ],
    sidebar: [
      {
        text: "Start",
        items: [
          { text: "Tutorial", link: "/tutorial" },
          { text: "Concepts", link: "/concepts" },
        ],
      },
      {
        text: "How to",
        items: [
          { text: "Ingest", link: "/ingest" },
          { text: "Change a source's fields", link: "/schema-changes" },
          { text: "Train and serve models", link: "/models" },
          { text: "Serve from Redis", link: "/online-stores" },
          { text: "Move from Feast", link: "/feast" },
          { text: "See it in the console", link: "/console" },
          { text: "Call it from TypeScript", link: "/client" },
          { text: "Let others in", link: "/security" },
          { text: "Run jobs by the clock", link: "/scheduling" },
          { text: "Keep records for a time", link: "/retention" },
          { text: "Forget a key", link: "/forget" },
          { text: "Keep records for a time", link: "/retention" },
          { text: "Verify", link: "/verify" },
          { text: "Let programs in", link: "/security" },
          { text: "Monitor", link: "/monitoring" },
          { text: "Schedule jobs", link: "/scheduling" },
          { text: "Operate", link: "/operations" },
        ],
      },
      {
        text: "Reference",
        items: [
          { text: "Aggregations", link: "/aggregations" },
          { text: "The command", link: "/cli" },
          { text: "The console", link: "/console" },
          { text: "HTTP", link: "/http" },
          { text: "The client", link: "/client" },
          { text: "Errors", link: "/errors" },
          { text: "The fuzz", link: "/fuzzing" },
          { text: "API", link: "/api/" },
        ],
      },
    ],
  },
});
