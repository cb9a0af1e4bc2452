// A small file of its own, so that the first picture has the right colours.
import { chosenTheme, showTheme } from "./theme.ts";

showTheme(chosenTheme());
