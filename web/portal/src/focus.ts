/** Moves the focus to the page's content, as loading another page would. */
export function focusMain(): void {
  document.getElementById("main")?.focus({ preventScroll: true });
}
