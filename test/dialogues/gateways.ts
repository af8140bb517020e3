import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultPlugins } from '../../scripts/demo/gateway.ts';
import { harakaDir, proxyAddress } from '../../scripts/demo/instance.ts';
import type { TestGatewayOptions } from '../support/gateway.ts';

const plugin = (name: string) => join(import.meta.dirname, '../haraka-plugins', `${name}.js`);

/** As Haraka ships it. */
export const connectionIni = readFileSync(join(harakaDir, 'config/connection.ini'), 'utf8');

const partner = (name: string, entry: object) => ({
  name,
  owner: 'it@corp.example',
  expires: '2999-12-31',
  ...entry,
});

/** The same, with a proxy. */
const proxyIni = connectionIni.replace('hosts[] =', `hosts[] = ${proxyAddress}`);

export const keepsResults = {
  'connection.ini': proxyIni.replace('; clean_auth_results=true', 'clean_auth_results=false'),
};
const addsNothing = { 'connection.ini': proxyIni.replace('; add_received=true', 'add_received=false') };

const logIni = (level: string, format: string) => ({
  'log.ini': `[main]\nlevel=${level}\ntimestamps=true\nformat=${format}\n`,
});

/** Those of one process; `default` is that of scripts/start. */
const inOneProcess = {
  default: {},
  debug: { config: logIni('data', 'default') },
  'debug-json': { config: logIni('data', 'json') },
  'debug-logfmt': { config: logIni('data', 'logfmt') },
  /** Every refused login takes a second and a half. */
  slow: { settings: { auth: { failure_delay_seconds: 1.5 } }, logLevel: 'debug' },
  'directory-down': { directoryUrl: 'ldap://127.0.0.1:1' },
  emergency: { settings: { emergency: 'observe' } },
  'emergency-and-off': { settings: { emergency: 'observe', sender: { mode: 'off' } } },
  peers: {
    settings: {
      nodes: [{ name: 'gateway-2', addresses: ['127.0.0.3'] }],
      trusted_relays: [
        { name: 'backup-mx', addresses: ['127.0.4.0/24'], spf: 'skip' },
        { name: 'filter', addresses: ['127.0.6.0/24'] },
      ],
    },
  },
  'spf-strict': {
    settings: { spf: { softfail: 'reject', permerror: 'reject', temperror: 'record' } },
  },
  'spf-lenient': { settings: { spf: { fail: 'record' } } },
  'spf-observed': { settings: { spf: { mode: 'observe' } } },
  partners: {
    settings: {
      sender: { unproven_author: 'enforce' },
      partners: [
        partner('newsletter', { domains: ['lists.corp.example'], include: '_spf.newsletter.example' }),
        partner('printer', { domains: ['lists.corp.example'], addresses: ['203.0.113.128/25'] }),
        partner('alumni', { forwarder: true, addresses: ['203.0.113.7'] }),
        partner('dark', { domains: ['xn--bcher-kva.example'], include: 'slow.example' }),
        {
          ...partner('former', { domains: ['corp.example'], addresses: ['203.0.113.9'] }),
          expires: '2020-12-31',
        },
      ],
    },
  },
  /** Without directory, and with the plugins of its role alone. */
  'mx-only': {
    settings: { roles: ['mx'], listeners: [], directory: undefined },
    plugins: [
      'gatekeeper/audit',
      'gatekeeper/sender',
      'rcpt_to.in_host_list',
      'gatekeeper/outbound',
      'queue/smtp_forward',
    ],
  },
  'submission-only': { settings: { roles: ['submission'], listeners: [] } },
  observe: { settings: { sender: { mode: 'observe' } } },
  'sender-off': { settings: { sender: { mode: 'off' } } },
  'no-subaddress': { settings: { sender: { subaddress_separator: '' } } },
  'mx-needs-tls': { settings: { tls: { mx: 'required' } } },
  'one-failure': { settings: { auth: { failure_delay_seconds: 0.05, max_failures: 1 } } },
  proxy: {},
  xclient: { plugins: [...defaultPlugins, 'xclient'], config: { 'xclient.hosts': '127.0.0.3\n' } },
  'without-received': {
    config: addsNothing,
  },
  'without-received-or-spf': { config: addsNothing, settings: { spf: { mode: 'off' } } },
  'keeps-results': { config: keepsResults },
  'spf-recorded': { settings: { spf: { fail: 'record' } } },
  relayed: {
    config: keepsResults,
    settings: { trusted_relays: [{ name: 'relay', addresses: ['127.0.4.0/24'], spf: 'received' }] },
  },
  'reversed-plugins': {
    plugins: [
      'demo-route',
      'gatekeeper/outbound',
      'rcpt_to.in_host_list',
      'gatekeeper/sender',
      'gatekeeper/auth',
      'gatekeeper/tls',
      'tls',
      'gatekeeper/audit',
      'queue/smtp_forward',
    ],
  },
  'slow-queue': {
    last: [plugin('slow-queue')],
    settings: { deadline_seconds: 1 },
    config: { plugin_timeout: '2\n', 'slow-queue.timeout': '20\n' },
  },
  'requiretls-off': { settings: { outbound: { requiretls: 'off' } } },
  /** Beside a plugin that takes some mail at queue_outbound. */
  'queue-shared': { last: [plugin('queues-outbound')] },
  'unproven-observed': { settings: { outbound: { unproven_mail: 'observe' } } },
  checks: { last: [plugin('checks')], settings: { deadline_seconds: 0.3 } },
  'checks-first': { first: [plugin('checks')], settings: { deadline_seconds: 0.3 } },
  'bad-mode': { last: [plugin('bad-mode')] },
} as const satisfies Record<string, TestGatewayOptions>;

/** Those with workers. What is played on one of them is the cross-section. */
const inWorkers = {
  'two-workers': { nodes: 2 },
  'debug-two-workers': { ...inOneProcess.debug, nodes: 2 },
  'proxy-two-workers': { ...inOneProcess.proxy, nodes: 2 },
} as const satisfies Record<string, TestGatewayOptions>;

/** The gateways that dialogues name in their first step. */
export const gatewayOptions: Readonly<Record<string, TestGatewayOptions>> = { ...inOneProcess, ...inWorkers };

/** On another Node.js the log and a proxy are the same: one whole path. */
const onOtherNodes: readonly string[] = ['default', 'two-workers'];

/** On which of the gateways that a dialogue names it is played, in a cross-section too: scripts/test-matrix.ts. */
export function playedOn(gateways: readonly string[], crossSection: string | undefined): readonly string[] {
  if (crossSection === undefined) return gateways;
  if (!gateways.some((name) => name in inWorkers)) return [];
  return crossSection === 'node' ? gateways.filter((name) => onOtherNodes.includes(name)) : gateways;
}
