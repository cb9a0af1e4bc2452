import { styleText } from "node:util";

/** Emphasis for people. Text reads the same without it: colour never carries the meaning alone. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
}

const same = (text: string): string => text;

export const plain: Style = { bold: same, dim: same, red: same, green: same, yellow: same };

const paint =
  (format: "bold" | "dim" | "red" | "green" | "yellow") =>
  (text: string): string =>
    text === "" ? text : styleText(format, text, { validateStream: false });

const coloured: Style = {
  bold: paint("bold"),
  dim: paint("dim"),
  red: paint("red"),
  green: paint("green"),
  yellow: paint("yellow"),
};

/** Colour on a terminal only, and never with NO_COLOR (https://no-color.org) or a terminal that cannot. */
export function styleFor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Style {
  if ((env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb") return plain;
  return stream.isTTY === true ? coloured : plain;
}
