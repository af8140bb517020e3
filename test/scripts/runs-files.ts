import { runFiles, totalOf } from '../../scripts/file-runs.ts';

/** Runs the files that are named, and ends with a line of JSON. */
const { results, unsteady } = await runFiles(process.argv.slice(2), { concurrency: 2, timeout: 60_000 });
console.log(JSON.stringify({ counts: totalOf(results), unsteady }));
