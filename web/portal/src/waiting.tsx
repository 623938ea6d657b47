import { useLanguage } from "./language";

/** In the place of what is on its way. */
export function Waiting() {
  const { words } = useLanguage();
  return (
    <p className="waiting" role="status">
      {words.loading}
    </p>
  );
}
