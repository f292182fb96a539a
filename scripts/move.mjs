// `npm run move -- --from STORES --to STORES`: copies an installation to other engines, or back.
import './check-node.mjs';
import { run } from './command-line.mjs';
import { prepare } from './prepare.mjs';

await run(async () => {
  await prepare();
  await import('../dist/move.js');
});
