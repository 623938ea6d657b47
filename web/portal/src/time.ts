/** `1:02:03`, or `2:03` below an hour; with `tenths`, `2:03.5`. */
export function clockTime(seconds: number, tenths = false): string {
  const whole = Math.floor(seconds);
  const two = (part: number): string => String(part).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const fraction = tenths ? `.${Math.floor((seconds - whole) * 10)}` : "";
  return (hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`) + fraction;
}

/** The day as the page's language writes it. A word that is no day is shown as it is. */
export function day(date: string, language: string): string {
  const parsed = new Date(`${date}T12:00:00Z`);
  if (Number.isNaN(parsed.getTime())) return date;
  return parsed.toLocaleDateString(language, { day: "numeric", month: "long", year: "numeric" });
}
