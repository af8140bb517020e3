/** A line that begins with From, whatever stands before it that a reader may overlook. */
const fromField = /^(?:[^\S\n\r\u2028\u2029]|[\0.])*from\b[^\n]*(?:\n[ \t][^\n]*)*/gim;

/** Domains in From of a header that cannot be read, as the most careless reader would look for them, in capitals or not. */
export function domainsSeenIn(headerLines: readonly string[]): string[] {
  const froms = headerLines.join('').match(fromField) ?? [];
  const written = froms.join('\n');
  // RFC 5322 §3.4.1, §4.4: space and comments may stand around every part of an address.
  const readings = [written, joined(written), joined(withoutComments(written))];
  const domains = readings.flatMap((text) => [...new Set(text.match(/@[\w.\u0080-\uffff-]+/g))]);
  return domains.map((domain) => domain.slice(1));
}

function joined(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/ ?([@.]) ?/g, '$1');
}

function withoutComments(text: string): string {
  let depth = 0;
  return text.replace(/[()]|[^()]+/g, (part) => {
    if (part === '(') depth += 1;
    else if (part === ')') depth = Math.max(0, depth - 1);
    else if (depth === 0) return part;
    return '';
  });
}
