/** The learners of YDF on offer, each with its own settings throughout: the WebAssembly build takes none. */
export type Learner = "gradientBoostedTrees" | "randomForest";
