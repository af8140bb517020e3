import type { Ini } from './ini.ts';
import type { Inputs, Note } from './plan.ts';
import { isSource, type PluginsEdit } from './plugins-file.ts';
import type { Proposed } from './proposal.ts';

/** What other files say that the change touches. */
export function aroundIt(inputs: Inputs, { roles, spf }: Proposed, { addsTls }: PluginsEdit): Note[] {
  const strangers = inputs.listed.filter(({ name }) => /^auth[/-]/.test(name) && !isTaken(name, inputs));
  return [
    ...strangers.map(({ name }) => ({ about: name, text: rival })),
    ...(addsTls ? [{ about: 'config/plugins', text: tlsAdded }] : []),
    ...(roles ? [{ about: 'roles', text: nobodyLogsIn }] : portNotes(inputs)),
    ...(spf ? [] : [{ about: 'spf', text: judgedNow }]),
  ];
}

function isTaken(name: string, { inis }: Inputs): boolean {
  return isSource(name) && inis[name] !== undefined;
}

const rival =
  'also answers AUTH and is not taken over: Gatekeeper does not start beside it. Take its line out.';

const tlsAdded = 'tls was not listed, and is put in: config/tls.ini must name your key and certificate.';

const nobodyLogsIn =
  'config/plugins lists no AUTH plugin, so that this host is taken for mx alone, where nobody logs in and nobody relays. ' +
  'If clients log in here, take roles out, and put in the section directory and the lines gatekeeper/tls and gatekeeper/auth.';

const judgedNow =
  'Mail that nobody logged in for is judged by SPF now, and a fail refused (docs/operator.md); to see first what that ' +
  'would refuse: spf: { mode: observe }.';

function portNotes({ smtp }: Inputs): Note[] {
  const ports = portsOf(smtp).filter((port) => ![25, 465, 587].includes(port));
  if (ports.length === 0) return [];
  const text = `${ports.join(', ')}: taken for submission, where clients must log in. If other servers bring mail there, say so: listeners: [{ port: ${ports[0] ?? 0}, role: mx }].`;
  return [{ about: 'ports', text }];
}

function portsOf({ values }: Ini): number[] {
  const { listen, port } = values['main'] ?? {};
  const listed =
    typeof listen === 'string'
      ? [...listen.matchAll(/:(\d+)\s*(?:,|$)/g)].map(([, digits]) => Number(digits))
      : [];
  return [...new Set(typeof port === 'number' ? [port, ...listed] : listed)];
}
