/** Settings that cannot be meant. The message has one line `FILE:LINE:COLUMN: KEY: what is wrong` for each mistake. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}
