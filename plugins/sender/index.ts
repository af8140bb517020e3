import { defineCheck, install } from '../core/haraka/check.ts';
import { start } from '../core/haraka/startup.ts';
import type { Plugin } from '../core/haraka/types.ts';
import type { Policy } from '../core/settings/settings.ts';
import { decideEnvelope } from './envelope.ts';
import { decideHeader } from './header.ts';

const mode = ({ sender }: Policy) => sender.mode;

const checks = [
  defineCheck({ name: 'sender/envelope', stage: 'mail', mode, decide: decideEnvelope }),
  defineCheck({ name: 'sender/header', stage: 'message', mode, decide: decideHeader }),
] as const;

export function register(this: Plugin): void {
  start(this);
  install(this, checks);
}
