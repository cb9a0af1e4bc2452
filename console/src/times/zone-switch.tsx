import { chooseZone, type Zone, useZone } from "./zone.ts";

export function ZoneSwitch() {
  const zone = useZone();
  return (
    <label className="choice">
      <span>Times</span>
      <select value={zone} onChange={({ target }) => chooseZone(target.value as Zone)}>
        <option value="UTC">UTC</option>
        <option value="local">local</option>
      </select>
    </label>
  );
}
