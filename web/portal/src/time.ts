/** `1:02:03`, or `2:03` below an hour; with `tenths`, `2:03.5`. */
export function clockTime(seconds: number, tenths = false): string {
  const whole = Math.floor(seconds);
  const two = (part: number): string => String(part).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const fraction = tenths ? `.${Math.floor((seconds - whole) * 10)}` : "";
  return (hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`) + fraction;
}

/** As a screen reader says it well: `1 h 2 min`. */
export function length(seconds: number): string {
  const minutes = Math.max(1, Math.round(seconds / 60));
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The day in the reader's own way. A word that is no day is shown as it is. */
export function day(date: string): string {
  const parsed = new Date(`${date}T12:00:00Z`);
  if (Number.isNaN(parsed.getTime())) return date;
  return parsed.toLocaleDateString(undefined, { day: "numeric", month: "long", year: "numeric" });
}
