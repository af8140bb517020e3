/** In one event: so that its line stays far below the longest that is read. */
const mostRecipients = 1000;
const mostCharacters = 200_000;

/** The first of them, as many as one event may name. */
export function someRecipients(all: readonly string[]): readonly string[] {
  let characters = 0;
  const end = all.findIndex((each, index) => {
    characters += each.length;
    return index >= mostRecipients || (index > 0 && characters > mostCharacters);
  });
  return end < 0 ? all : all.slice(0, end);
}
