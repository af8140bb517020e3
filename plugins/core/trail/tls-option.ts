const words: Readonly<Record<string, string>> = {
  require: 'required by the sender (REQUIRETLS)',
  no: 'not required, says the sender (TLS-Required: No)',
};

/** What the sender of a message wants of TLS (RFC 8689), for people; `undefined` where he has said nothing of it. */
export function tlsOptionText(option: unknown): string | undefined {
  return typeof option === 'string' ? (words[option] ?? option) : undefined;
}
