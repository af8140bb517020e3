import constants from 'haraka-constants';
import type { LogItem, Next, Plugin } from '../types.ts';

const method = 'gatekeeper_redact_log';

/**
 * Haraka prints what clients send at levels DEBUG and PROTOCOL: lines that wait in its buffer, every line that it
 * reads, every command that it does not know. Credentials come in such lines when a client misspells AUTH, or goes
 * on after a refusal: only lines that begin with a verb that takes no secret stay readable.
 */
export function redactClientLines(plugin: Plugin): void {
  const redact = (next: Next, _logger: unknown, item: LogItem) => {
    item.data = redactLine(item.data);
    next(constants.cont);
  };
  Object.assign(plugin, { [method]: redact });
  plugin.register_hook('log', method, -100);
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
