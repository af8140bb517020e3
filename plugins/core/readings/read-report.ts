import type { HeldNow } from '../trail/held-now.ts';
import type { AskTallies } from './ask.ts';
import { askFlow, readFlow } from './flow.ts';
import { heldFindings } from './held-mail.ts';
import { askPartnerMail, readImpersonation } from './impersonation.ts';
import { askLogins, readLogins, readTries } from './logins.ts';
import { askSessions, readMisconfigured } from './misconfigured.ts';
import { askRefusals } from './refusals.ts';
import type { Registry } from './remedies.ts';
import type { Report } from './report.ts';
import { askTakeover, readTakeover } from './takeover.ts';
import { readWithheld } from './withheld.ts';

/** What a report is to be about. */
export interface ReportQuestion {
  readonly since: Date;
  readonly until: Date;
  readonly now: Date;
  /** Names partners and what can be done about them. */
  readonly settings?: Registry;
  /** Mail that is held now, where that is known. */
  readonly held?: readonly HeldNow[] | undefined;
}

const noRegistry: Registry = { partners: [], protected_domains: [] };

/** Reads a report off what a store has counted; rejects as that does. */
export async function readReport(
  tallies: AskTallies,
  { since, until, now, settings = noRegistry, held }: ReportQuestion,
): Promise<Report> {
  const period = { since: since.getTime(), until: until.getTime() };
  const [flow, logins, mail, adverse, sessions, partnerMail] = await Promise.all([
    askFlow(tallies, period),
    askLogins(tallies, period),
    askTakeover(tallies, period),
    askRefusals(tallies, period),
    askSessions(tallies, period),
    askPartnerMail(tallies, period),
  ]);
  const tries = await readTries(tallies, period, logins);
  return {
    ...period,
    sections: [
      readFlow(flow, period, heldFindings(adverse, held)),
      readLogins(logins, tries, adverse),
      readTakeover(mail, logins, tries.attacks, period),
      readMisconfigured(adverse, sessions, logins),
      readImpersonation(adverse, partnerMail, settings, now),
      readWithheld(adverse, settings, now),
    ],
  };
}
