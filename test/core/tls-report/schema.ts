import { z } from 'zod';

/** RFC 8460 §4.4, read strictly: names, types, and what stands only where there is a policy or a failure. */

const dateTime = z.iso.datetime();
const domain = z.string().regex(/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/);
const count = z.int().min(0);

/** §4.3. */
const resultTypes = [
  ...['starttls-not-supported', 'certificate-host-mismatch', 'certificate-expired'],
  ...['certificate-not-trusted', 'validation-failure', 'tlsa-invalid', 'dnssec-invalid', 'dane-required'],
  ...['sts-policy-fetch-error', 'sts-policy-invalid', 'sts-webpki-invalid'],
] as const;

const policy = z.discriminatedUnion('policy-type', [
  z.strictObject({
    'policy-type': z.literal('sts'),
    'policy-string': z.array(z.string()).min(1).optional(),
    'policy-domain': domain,
    'mx-host': z.array(z.string().regex(/^(?:\*\.)?[a-z0-9.-]+$/)).optional(),
  }),
  z.strictObject({
    'policy-type': z.literal('tlsa'),
    'policy-string': z.array(z.string()).min(1).optional(),
    'policy-domain': domain,
  }),
  z.strictObject({ 'policy-type': z.literal('no-policy-found'), 'policy-domain': domain }),
]);

const failure = z.strictObject({
  'result-type': z.enum(resultTypes),
  'sending-mta-ip': z.union([z.ipv4(), z.ipv6()]).optional(),
  'receiving-mx-hostname': z.string().min(1).optional(),
  'receiving-mx-helo': z.string().optional(),
  'receiving-ip': z.union([z.ipv4(), z.ipv6()]).optional(),
  'failed-session-count': z.int().min(1),
  'additional-information': z.url().optional(),
  'failure-reason-code': z.string().optional(),
});

const policyReport = z
  .strictObject({
    policy,
    summary: z.strictObject({
      'total-successful-session-count': count,
      'total-failure-session-count': count,
    }),
    'failure-details': z.array(failure).min(1).optional(),
  })
  .refine(({ summary, 'failure-details': details }) => {
    const failures = (details ?? []).reduce((sum, each) => sum + each['failed-session-count'], 0);
    return failures <= summary['total-failure-session-count'];
  });

export const reportSchema = z.strictObject({
  'organization-name': z.string().min(1),
  'date-range': z.strictObject({ 'start-datetime': dateTime, 'end-datetime': dateTime }),
  'contact-info': z.string().regex(/^[^\s@]+@[A-Za-z0-9.-]+$/),
  'report-id': z.string().regex(/^[\w.-]+@[A-Za-z0-9.-]+$/),
  policies: z.array(policyReport).min(1),
});
