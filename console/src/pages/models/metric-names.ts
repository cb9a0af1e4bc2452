/** How the metrics that versions are compared by are called, and which way they get better. */
export const names = {
  auc: ["AUC", "higher"],
  logLoss: ["Log loss", "lower"],
  rmse: ["RMSE", "lower"],
  mae: ["MAE", "lower"],
} as const;

export type MetricName = keyof typeof names;
