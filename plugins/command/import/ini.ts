/** Sections of an ini file, with their keys. */
export type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** An ini file as Haraka reads it. */
export interface Ini {
  readonly file: string;
  /** With the defaults that the plugin ships below it: what is in force. */
  readonly values: Sections;
  /** What stands in the operator's own file. */
  readonly own: Sections;
  /** Lines that Haraka drops, by number. */
  readonly dropped: readonly number[];
}

/** A value that is in force, and where it was found. */
export interface Found {
  readonly value: unknown;
  /** For a comment. */
  readonly from: string;
  /** False: it is a default that the plugin ships. */
  readonly isOwn: boolean;
}

/** Looks a key up; `undefined` where it has no value. */
export function find({ file, values, own }: Ini, section: string, key: string): Found | undefined {
  const value = values[section]?.[key] ?? undefined;
  if (value === undefined) return undefined;
  const isOwn = Object.hasOwn(own[section] ?? {}, key);
  const place = section === 'main' ? key : `[${section}] ${key}`;
  return { value, from: isOwn ? `${file}: ${place}` : `default of the plugin: ${place}`, isOwn };
}

/** All keys of a section that have a value. */
export function findAll(ini: Ini, section: string): (Found & { readonly key: string })[] {
  return Object.keys(ini.values[section] ?? {}).flatMap((key) => {
    const found = find(ini, section, key);
    return found === undefined ? [] : [{ ...found, key }];
  });
}

/** What reading the file itself gives to tell. */
export function oddities(ini: Ini): string[] {
  const lines = ini.dropped.length === 1 ? 'line' : 'lines';
  const dropped = `config/${ini.file}: Haraka does not read ${lines} ${ini.dropped.join(', ')}; nor is it here.`;
  return [...(ini.dropped.length > 0 ? [dropped] : []), ...brokenHeadings(ini)];
}

/** `[users` without its bracket is a key to Haraka, and what follows belongs to the section above. */
function brokenHeadings({ file, own }: Ini): string[] {
  return Object.entries(own).flatMap(([section, keys]) =>
    Object.keys(keys)
      .filter((key) => key.startsWith('['))
      .map((key) => `config/${file}: "${key}" begins no section: what follows it counts for [${section}].`),
  );
}
