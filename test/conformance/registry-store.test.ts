import { registryStoreConformance } from "./registry-store.ts";
import { subject } from "./sqlite-subject.ts";

registryStoreConformance(subject);
