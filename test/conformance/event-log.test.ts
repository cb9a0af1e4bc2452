import { eventLogConformance } from "./event-log.ts";
import { subject } from "./file-log-subject.ts";

eventLogConformance(subject);
