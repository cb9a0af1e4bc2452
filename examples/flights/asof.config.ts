import { configure } from "asof";
import * as definitions from "./definitions.ts";

export default configure({
  definitions,
  // The flights are of 2001: time stands at the end of the history that is loaded first, and a replay moves it on.
  clock: { simulated: "2001-06-24T00:00:00Z" },
});
