// Loaded before all else: Date.now is half a day ahead as soon as the file exists that CLOCK_AHEAD names.
const { existsSync } = require('node:fs');
const real = Date.now;
const halfDayMs = 12 * 3600 * 1000;
let [looked, isAhead] = [-Infinity, false];
Date.now = () => {
  if (performance.now() - looked > 100) {
    isAhead = existsSync(process.env.CLOCK_AHEAD);
    looked = performance.now();
  }
  return real() + (isAhead ? halfDayMs : 0);
};
