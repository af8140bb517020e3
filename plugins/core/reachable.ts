const names: readonly string[] = ['postmaster', 'abuse'];

/** Whether a recipient can always be written to (RFC 5321 §4.5.1, RFC 2142 §4), also by who is refused otherwise. */
export function isAlwaysReachable({ text }: { readonly text: string }): boolean {
  const at = text.lastIndexOf('@');
  return names.includes((at < 0 ? text : text.slice(0, at)).toLowerCase());
}
