/** How the tests of a run ended. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The line that ends every run of tests. */
export function lineOf({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** Whether a run shows that the code works: nothing failed, and something ran. */
export function isGood({ passed, failed }: Counts): boolean {
  return failed === 0 && passed > 0;
}

/** Tests that have a race, or that found one. */
export function unsteadyText(names: readonly string[]): string {
  return ['Failed beside others, and passed alone:', ...names.map((name) => `  ${name}`)].join('\n');
}
