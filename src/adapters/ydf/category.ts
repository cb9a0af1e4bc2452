const ESCAPE = "␀";
const NULL = `${ESCAPE}null`;

/**
 * The name under which YDF knows a string, the same for training and prediction, and another for every string: YDF
 * takes "" for a missing value and "<OOD>" for a rare one, and has no way to train with a null string. A null is a
 * category of its own.
 */
export function categoryOf(value: string | null): string {
  if (value === null) return NULL;
  return value === "" || value === "<OOD>" || value.startsWith(ESCAPE) ? ESCAPE + value : value;
}
