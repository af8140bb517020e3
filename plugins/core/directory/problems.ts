import { asksOthers } from './lent.ts';
import type { DirectorySettings } from './settings.ts';
import { knowsCertificates } from './sources.ts';

type Problem = [key: string, message: string];

/** Settings of a directory of which each may be meant, but not all of them together. */
export function problemsOf(settings: DirectorySettings): readonly Problem[] {
  return [...appPasswordProblems(settings), ...lentProblems(settings), ...certificateProblems(settings)];
}

function appPasswordProblems(settings: DirectorySettings): Problem[] {
  if (!settings.app_passwords_only) return [];
  if (settings.app_password_attribute === '') {
    return [['app_password_attribute', 'is missing: with app_passwords_only nobody could log in']];
  }
  if (settings.scram_attribute === '') return [];
  const message = 'and app_passwords_only contradict each other: its verifiers are of other passwords';
  return [['scram_attribute', message]];
}

function lentProblems(settings: DirectorySettings): Problem[] {
  if (!asksOthers(settings)) return [];
  const { group_base, base, scram_attribute } = settings;
  const key = settings.send_as_filter === '' ? 'on_behalf_filter' : 'send_as_filter';
  const isNowhere = group_base === undefined && base === undefined;
  return [
    ...(isNowhere ? [['group_base', `is missing: where ${key} searches`] as Problem] : []),
    ...(scram_attribute === ''
      ? []
      : [['scram_attribute', `and ${key} contradict each other: it is not asked for with SCRAM`] as Problem]),
  ];
}

function certificateProblems(settings: DirectorySettings): Problem[] {
  if (!knowsCertificates(settings) || settings.bind_template === undefined) return [];
  const key = settings.certificate_attribute === '' ? 'certificate_match' : 'certificate_attribute';
  return [[key, 'and bind_template contradict each other: accounts are searched for below base']];
}
