/** Lets an action through at most once a minute: for complaints that would otherwise come with every message. */
export function oncePerMinute(now: () => Date): (action: () => void) => void {
  let last = -Infinity;
  return (action) => {
    const time = now().getTime();
    if (time - last < 60_000) return;
    last = time;
    action();
  };
}
