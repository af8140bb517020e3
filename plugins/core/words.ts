/** Words that settings, directories and plugins of others write. */

/** Whether a content policy refuses, only says what it would refuse, or does not look. */
export type Mode = 'enforce' | 'observe' | 'off';

/** What a listener is for: clients log in, or other servers bring mail. */
export type Role = 'submission' | 'mx';

/**
 * `list`: sends mail of everybody to a list (RFC 2919); `resend`: sends again what it had from somebody else (RFC 5322
 * §3.6.6); `helpdesk`: may name others' addresses in its display names.
 */
export type Grant = 'list' | 'resend' | 'helpdesk';
