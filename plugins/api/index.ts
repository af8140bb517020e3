/**
 * What plugins of your own use, in a Haraka with the gateway: `import { sendAs } from 'haraka-plugin-gatekeeper'`.
 *
 * @module
 */
export { NotSent, sendAs, type Mail, type Sent } from '../core/haraka/send-as.ts';
