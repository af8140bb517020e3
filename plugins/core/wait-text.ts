/** What a client is told of its wait: not to the second, since the wait may be of others too. */
export function waitText(milliseconds: number): string {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  if (seconds < 100) return `Try again in ${seconds} s.`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 180) return `Try again in ${minutes} minutes.`;
  return `Try again in ${Math.ceil(minutes / 60)} hours.`;
}
