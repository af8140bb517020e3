/** What went wrong, in words, whatever was thrown. */
export function messageOf(error: unknown): string {
  // Of a connection that failed with each address of a host, Node.js says it in the parts alone.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
