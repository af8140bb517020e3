// A process that command.ts keeps: it runs one command line after the other as plugins/command/main.ts runs its only one,
// with the environment, the folder and the input of each. The modules are loaded once, which is what costs.
const { Readable } = require('node:stream');
const { pathToFileURL } = require('node:url');

const program = import(pathToFileURL(process.argv[2]));
const firstFolder = process.cwd();
const said = { out: '', err: '' };

process.stdout.write = taking('out');
process.stderr.write = taking('err');

function taking(where) {
  return (text) => {
    said[where] += text;
    return true;
  };
}

async function runOne({ args, env, cwd, input }) {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd ?? firstFolder);
  process.argv = [process.execPath, 'gatekeeper', ...args];
  process.exitCode = undefined;
  Object.assign(said, { out: '', err: '' });
  const value = Readable.from(input === '' ? [] : [Buffer.from(input)]);
  Object.defineProperty(process, 'stdin', { value, configurable: true });
  await (await program).run(args);
  const code = process.exitCode ?? 0;
  process.exitCode = undefined;
  return { code, ...said };
}

process.once('disconnect', () => process.exit());
process.on('message', (request) => {
  runOne(request).then(
    (result) => process.send(result),
    (error) =>
      setImmediate(() => {
        throw error;
      }),
  );
});
