import { startDirectory } from '../../../scripts/demo/directory.ts';
import { entries } from '../../../scripts/demo/people.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { directoryContract, settingsFor } from './contract.ts';

directoryContract('the embedded directory of the demo', async () => {
  const directory = await startDirectory({ port: 0, entries: entries() });
  return {
    settings: settingsFor([`ldap://127.0.0.1:${directory.port}`]),
    secrets: { bindPassword: Secret.fromText('pw-gatekeeper') },
    stop: () => directory.stop(),
  };
});
