/** For who watches how long views take. */
export interface ViewTimer {
  /** Seconds since some moment. */
  now(): number;
  /** That a view took so many seconds of one request. */
  observe(view: string, seconds: number): void;
}
