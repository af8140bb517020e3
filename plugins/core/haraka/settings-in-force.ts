import { leaveSettings, settingsLeft } from '../settings/environment.ts';
import { readSettings } from '../settings/file.ts';
import type { Settings } from '../settings/settings.ts';
import { configDirectory, isWorker } from './instance.ts';

/** What is in force, and what was tried since and refused. */
export interface SettingsState {
  readonly settings: Settings;
  readonly since: Date;
  /** Why newer settings were refused; absent while the files and what is in force agree. */
  readonly refused?: string;
}

let state: SettingsState | undefined;

/** The settings that a process begins with: those of the files, in a worker those of its primary; throws `SettingsError`. */
export function firstSettings(): Settings {
  return (isWorker() ? settingsLeft() : undefined) ?? readSettings(configDirectory()).settings;
}

/** Lets settings apply to all that begins from now on. */
export function putInForce(settings: Settings): void {
  state = { settings, since: new Date() };
  // There workers find the settings of their primary, also those that it forks later: all of them have the same.
  leaveSettings(settings);
}

/** Notes that the files hold settings which cannot be used. */
export function noteRefused(problem: string): void {
  state = { ...settingsState(), refused: problem };
}

/** The settings in force and how they came to be. */
export function settingsState(): SettingsState {
  if (!state) throw new Error('no gatekeeper plugin was started');
  return state;
}

/** The settings in force. */
export function currentSettings(): Settings {
  return settingsState().settings;
}
