import { createDns } from '../../core/dns/client.ts';
import { systemServers } from '../../core/dns/resolv-conf.ts';
import { parseDomain } from '../../core/mailbox.ts';
import type { Policy } from '../../core/settings/settings.ts';
import type { Question } from './question.ts';

/** As many tries as the gateway makes: one datagram may get lost. */
const attempts = 3;

/** Where no domain is ours: one that is kept for examples, and that every resolver finds. */
const anybodys = 'example.com';

/** Every DNS server by itself. Which of them are needed depends on what arrives, so that all are asked whatever the roles are. */
export function dnsQuestions({ dns, protected_domains: domains }: Policy): readonly Question[] {
  const servers = dns.servers.length > 0 ? dns.servers : systemServers();
  const timeout = dns.timeout_seconds * 1000;
  const domain = domains.map((each) => parseDomain(each)).find((each) => each !== undefined) ?? anybodys;
  return servers.map((server) => ({
    ...{ what: 'dns', name: server, milliseconds: timeout * attempts },
    ask: () => askServer(server, timeout, domain),
  }));
}

/**
 * The SPF record of a domain of ours is what the gateway itself asks for first. That it has none, and that there is no such
 * domain, are answers: where the domain is not public yet, the server has done what it can.
 */
async function askServer(server: string, timeout: number, domain: string): Promise<string> {
  const dns = createDns({ servers: [server], timeout, attempts });
  try {
    const answer = await dns.resolve(domain, 'TXT');
    switch (answer.kind) {
      case 'records':
      case 'no-data':
        return `answers for ${domain}`;
      case 'nxdomain':
        return `answers, and knows no ${domain}`;
      case 'servfail':
        throw new Error(`cannot answer for ${domain} (TXT): ${answer.because}`);
      case 'timeout':
        throw new Error(`no answer for ${domain} (TXT): asked ${attempts} times, ${timeout / 1000} s each`);
    }
  } finally {
    dns.close();
  }
}
