/** What is made of an object that never changes, such as a policy: made when it is first asked for, and kept with it. */
export function derived<From extends object, Made>(make: (from: From) => Made): (from: From) => Made {
  const known = new WeakMap<From, { readonly made: Made }>();
  return (from) => {
    const kept = known.get(from);
    if (kept) return kept.made;
    const made = make(from);
    known.set(from, { made });
    return made;
  };
}
