import { userInfo } from 'node:os';

/** Who runs the command, behind `sudo` too. */
export function operatorName(): string {
  return process.env['SUDO_USER'] ?? userInfo().username;
}
