import { configure } from "asof";
import * as definitions from "./definitions.ts";

export default configure({ definitions });
