import { subject } from "./lmdb-subject.ts";
import { onlineStoreConformance } from "./online-store.ts";

onlineStoreConformance(subject);
