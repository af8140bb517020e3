/** Lets an action through at most once a minute: for complaints that would otherwise come with every message. */
export function oncePerMinute(nowInMilliseconds: () => number): (action: () => void) => void {
  let last = -Infinity;
  return (action) => {
    const now = nowInMilliseconds();
    if (now - last < 60_000) return;
    last = now;
    action();
  };
}
