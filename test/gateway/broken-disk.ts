/** A disk that fails when it has to keep which files the folder of the queue has, while there is a file `broken-disk` beside it. */
export const brokenDisk = `
  import { existsSync } from 'node:fs';
  import promises from 'node:fs/promises';
  import { syncBuiltinESMExports } from 'node:module';
  const { open } = promises;
  promises.open = async (path, ...more) => {
    const file = await open(path, ...more);
    const isBroken = String(path).endsWith('/queue') && existsSync(path + '/../broken-disk');
    return isBroken ? Object.assign(file, { sync: () => Promise.reject(new Error('EIO: as asked')) }) : file;
  };
  syncBuiltinESMExports();`;
