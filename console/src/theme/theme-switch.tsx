import { useState } from "react";
import { chooseTheme, chosenTheme, type Theme } from "./theme.ts";

const themes: readonly Theme[] = ["system", "light", "dark"];

export function ThemeSwitch() {
  const [theme, setTheme] = useState(chosenTheme);
  return (
    <label className="choice">
      <span>Theme</span>
      <select
        value={theme}
        onChange={({ target }) => {
          const chosen = target.value as Theme;
          chooseTheme(chosen);
          setTheme(chosen);
        }}
      >
        {themes.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </label>
  );
}
