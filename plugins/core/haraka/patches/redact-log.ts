import constants from 'haraka-constants';
import { addHook } from '../hook.ts';
import { definePatch, expect } from '../patch.ts';
import { installedHook, withHooks } from '../throw-away.ts';
import type { LogItem, Next, Plugin } from '../types.ts';

const method = 'gatekeeper_redact_log';

/**
 * Haraka prints what clients send at levels DEBUG and PROTOCOL: lines that wait in its buffer, every line that it
 * reads, every command that it does not know. Credentials come in such lines when a client misspells AUTH, or goes
 * on after a refusal: only lines that begin with a verb that takes no secret stay readable.
 */
export const redactLog = definePatch({
  name: 'redact-log',
  reaches: 'the text of log lines, in the hook `log`',
  why: 'Haraka prints what clients send as it is, credentials included (haraka/Haraka#805, works as designed).',
  install: (plugin) => {
    const redact = (next: Next, _logger: unknown, item: LogItem) => {
      item.data = redactLine(item.data);
      next(constants.cont);
    };
    addHook(plugin, 'log', method, redact, -100);
    return undefined;
  },
  selfTest(plugin) {
    for (const [format, lines] of Object.entries(printed(plugin))) {
      expect(
        `log lines in format ${format}`,
        lines.length === quoted.length && lines.every((line) => line !== ''),
      );
      const leak = lines.find((line) => line.includes(secret));
      expect(`no secret in ${leak?.replace(secret, '…') ?? ''}`, leak === undefined);
      expect(
        'a harmless line to stay',
        lines.some((line) => line.includes('EHLO client.example')),
      );
    }
  },
});

const secret = 'c2VjcmV0';

/** How Haraka quotes clients. */
const quoted: readonly (readonly unknown[])[] = [
  [`C: AUTHE PLAIN ${secret}`, { state: 1 }],
  [`pipeline: ${secret}\r\n`],
  ['[early_talker]', { state: 4, esmtp: false, line: `AUTH PLAIN ${secret}` }],
  [{ hook: 'unrecognized_command', plugin: 'tls', function: 'x', params: secret, retval: 'CONT', msg: '' }],
  ['C: EHLO client.example', { state: 1 }],
];

/** The same lines, as Haraka's logger would print them in each of its formats with our hook alone. */
function printed(plugin: Plugin): Record<string, string[]> {
  const logger = plugin.haraka_require('logger');
  const before = { ...logger };
  const lines: Record<string, string[]> = {};
  let current: string[] = [];
  logger.log_respond = (_code, _message, item) => current.push(item.data);
  try {
    withHooks(plugin, { log: [installedHook(plugin, 'log', method)] }, () => {
      for (const [name, value] of Object.entries(logger.formats)) {
        lines[name] = current = [];
        logger.format = value;
        for (const data of quoted) logger.log_if_level('DEBUG', 'LOGEMERG')(...data);
      }
    });
  } finally {
    Object.assign(logger, before);
  }
  return lines;
}

const harmless = '(?:EHLO|HELO|MAIL|RCPT|DATA|RSET|NOOP|QUIT|STARTTLS|PROXY)\\b|AUTH \\[redacted\\]';
/** Lines of Haraka's core, in its three formats; those of plugins, ours among them, quote no raw line. */
const fromCore = /^(?:\[[A-Z]+\] \[[^\]]*\] \[core\] |level=\w+ uuid=\S+ origin=core |\{.*"origin":"core")/;
const quotesClient = /\bC: |pipeline: |\[early_talker\]|unrecognized_command/;
const clientLine = new RegExp(`((?:\\bC|pipeline): )(?!${harmless}).*`, 'is');
const clientField = /((?:\[early_talker\].*?\bline|\bunrecognized_command\b.*?\bparams)=).*/is;

/** Removes from a log line, in any of Haraka's formats, what it quotes of a client that may be a secret. */
export function redactLine(data: string): string {
  if (!fromCore.test(data) || !quotesClient.test(data)) return data;
  return data.startsWith('{') ? redactJson(data) : redactText(data);
}

function redactJson(data: string): string {
  const fields = JSON.parse(data) as Record<string, unknown>;
  for (const name of ['line', 'params']) {
    if (name in fields) fields[name] = '[redacted]';
  }
  const message = typeof fields['message'] === 'string' ? redactText(fields['message']) : '';
  return JSON.stringify({ ...fields, message });
}

function redactText(text: string): string {
  const redacted = text.replace(clientLine, '$1[redacted]').replace(clientField, '$1[redacted]');
  // In format logfmt the line stood between quotes.
  const isOpen = (redacted.match(/"/g)?.length ?? 0) % 2 === 1;
  return isOpen ? `${redacted}"` : redacted;
}
