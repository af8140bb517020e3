/** A fact with its name; several values stand below each other. */
export type Fact = readonly [label: string, value: string | readonly string[]];

/** Facts as lines, one value a line, the values below each other. */
export function aligned(facts: readonly Fact[]): string[] {
  const rows = facts.flatMap(([label, value]) =>
    (typeof value === 'string' ? [value] : value).map((each, index) => [index === 0 ? label : '', each]),
  );
  return table(rows);
}

/** The widest that a column becomes: a longer cell moves what follows on its own line only. */
const widestColumn = 44;

/** Cells as lines, each column as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.min(widestColumn, Math.max(...rows.map((row) => row[column]?.length ?? 0))),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
