import { runFiles, totalOf } from '../../scripts/file-runs.ts';

// What is run here is JavaScript, and loading tsx takes longer than that.
process.execArgv = [];

/** Runs the files that are named, and ends with a line of JSON. */
const { results, unsteady } = await runFiles(process.argv.slice(2), { concurrency: 2, timeout: 60_000 });
console.log(JSON.stringify({ counts: totalOf(results), unsteady }));
